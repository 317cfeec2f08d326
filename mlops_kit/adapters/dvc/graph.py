"""DVC's graph of a repository's stages, and why there is none, in words that name the stages."""

from pathlib import Path

from dvc.dependency import DatasetDependency
from dvc.exceptions import CyclicGraphError, OutputDuplicationError, OverlappingOutputPathsError
from dvc.output import Output
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph
from dvc.stage import Stage
from networkx import DiGraph, find_cycle, strongly_connected_components

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
    """`a -> b -> a`, where b reads what a writes; one circle, where there are several."""
    needs = _needs(repo)
    tangled = (found for found in strongly_connected_components(needs) if _is_circle(needs, found))
    edges = find_cycle(needs.subgraph(next(tangled)))
    names = [clean(_name(stage)) for stage, _ in reversed(edges)]
    start = names.index(min(names))
    turned = names[start:] + names[:start]
    return " -> ".join([*turned, turned[0]])


def _is_circle(needs: DiGraph, stages: set[Stage]) -> bool:
    return len(stages) > 1 or any(needs.has_edge(stage, stage) for stage in stages)


def _needs(repo: Repo) -> DiGraph:
    """An edge from each stage to those that write what it reads, or something in it or around it."""
    outs = repo.index.outs_trie
    graph = DiGraph()
    for stage in repo.index.stages:
        for dep in stage.deps:
            if stage.is_repo_import or stage.is_db_import or isinstance(dep, DatasetDependency):
                continue
            path = dep.fs.parts(dep.fs_path)
            writers = [found.value for found in outs.prefixes(path)]
            writers.extend(outs.values(prefix=path) if outs.has_subtrie(path) else ())
            graph.add_edges_from((stage, out.stage) for out in writers)
    return graph
