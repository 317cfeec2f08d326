"""DVC's graph of a repository's stages, and why there is none, in words that name the stages."""

from collections.abc import Iterable
from pathlib import Path

from dvc.exceptions import CyclicGraphError, OutputDuplicationError, OverlappingOutputPathsError
from dvc.output import Output
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph
from dvc.stage import Stage
from networkx import DiGraph, NetworkXNoCycle, find_cycle

from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.render.escape import clean

_DAG_HINT = "every output needs one stage that writes it, and no stage may need its own result"


def read_graph(repo: Repo) -> DiGraph:
    """The stages with an edge to each that they need; frozen ones need none. InputError names who is in the way."""
    try:
        return get_active_graph(repo.index.graph)
    except CyclicGraphError as error:
        circle = _circle(repo)
        raise _refusal(f"stages need each other in a circle: {circle}", _first(repo, error), repo) from error
    except OutputDuplicationError as error:
        stages = sorted(error.stages, key=_name)
        writers = " and ".join(repr(_name(stage)) for stage in stages)
        raise _refusal(f"the output {error.output!r} is written by {writers}", stages[0], repo) from error
    except OverlappingOutputPathsError as error:
        inner, outer = error.overlapping_out, error.parent
        message = f"outputs overlap: {_said(inner)} lies inside or around {_said(outer)}"
        raise _refusal(message, inner.stage, repo) from error


def _said(out: Output) -> str:
    return f"{out.def_path!r} of {_name(out.stage)!r}"


def _name(stage: Stage) -> str:
    return str(stage.addressing)


def _refusal(message: str, stage: Stage | None, repo: Repo) -> InputError:
    place = Location(file=Path(stage.path).relative_to(repo.root_dir).as_posix()) if stage else None
    return InputError(message, location=place, hint=_DAG_HINT)


def _first(repo: Repo, error: CyclicGraphError) -> Stage | None:
    return next((stage for stage in repo.index.stages if _name(stage) in str(error)), None)


def _circle(repo: Repo) -> str:
    """`a -> b -> a`, where b reads what a writes."""
    try:
        edges = find_cycle(_needs(repo.index.stages))
    except NetworkXNoCycle:
        return "see them with: dvc dag"
    names = [clean(_name(stage)) for stage, _ in reversed(edges)]
    start = names.index(min(names))
    turned = names[start:] + names[:start]
    return " -> ".join([*turned, turned[0]])


def _needs(stages: Iterable[Stage]) -> DiGraph:
    """An edge from each stage to those that write what it reads, or something in it or around it."""
    found = list(stages)
    graph = DiGraph()
    for stage in found:
        for dep in stage.deps:
            reads = dep.fs.parts(dep.fs_path)
            for other in found:
                if any(_overlap(reads, out.fs.parts(out.fs_path)) for out in other.outs):
                    graph.add_edge(stage, other)
    return graph


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]
