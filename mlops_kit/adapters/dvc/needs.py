"""Foretells, before a run, which stages will run and which outputs of the others must be here for them.

From command lines, params, files that are here, and what dvc.lock says of those that are not. A stage below one that
runs is taken to run too. It may be wrong: a run looks at each stage again when its turn comes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dvc.dependency import DatasetDependency, DbDependency, Dependency, ParamsDependency
from dvc.output import Output
from dvc.stage import Stage
from networkx import DiGraph

from mlops_kit.adapters.dvc import steps


@dataclass(frozen=True, kw_only=True)
class Needs:
    """`running` holds the stages that will run with their wave: 0 can start at once, 1 after one of wave 0.

    `needed` holds, per output that must be here, the first wave that reads it.
    """

    running: Mapping[Stage, int]
    needed: Mapping[Output, int]


def find_needs(stages: Iterable[Stage], graph: DiGraph, *, force: bool) -> Needs:
    """What a run over these stages, each after what it needs, will do and needs."""
    running: dict[Stage, int] = {}
    needed: dict[Output, int] = {}
    for stage in stages:
        upstream = list(graph.successors(stage))
        above = [running[one] for one in upstream if one in running]
        if above or _will_run(stage, upstream, force=force):
            running[stage] = max(above, default=-1) + 1
            for out in _inputs(stage, upstream):
                needed[out] = min(needed.get(out, running[stage]), running[stage])
        else:
            needed.update((out, 0) for out in stage.outs if is_reported(out))
    return Needs(running=running, needed=needed)


def is_reported(out: Output) -> bool:
    """Whether a report reads the output: a metric or a plot."""
    return bool(out.metric or out.plot)


def producers(dep: Dependency, upstream: Iterable[Stage]) -> Iterator[Output]:
    """The outputs that a dependency is, lies in, or contains."""
    if isinstance(dep, ParamsDependency | DatasetDependency | DbDependency) or dep.protocol != "local":
        return
    for stage in upstream:
        for out in stage.outs:
            if out.protocol == "local" and (
                dep.fs.isin_or_eq(dep.fs_path, out.fs_path) or dep.fs.isin_or_eq(out.fs_path, dep.fs_path)
            ):
                yield out


def _will_run(stage: Stage, upstream: list[Stage], *, force: bool) -> bool:
    if force and stage.cmd and not stage.frozen:
        return True
    return not steps.is_only_absent(stage, upstream)


def _inputs(stage: Stage, upstream: list[Stage]) -> Iterator[Output]:
    for dep in stage.deps:
        yield from producers(dep, upstream)
