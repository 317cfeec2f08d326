"""Tells which stages of several trials are the same: their commands, their params, and all that they need.

Only a forecast, which spares a wait: what is restored and what runs is still decided by DVC's run-cache.
"""

import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from json import dumps

from dvc.dependency import Dependency, ParamsDependency
from dvc.exceptions import DvcException
from dvc.stage import Stage
from networkx import DiGraph


def identify_stages(
    stages: Iterable[Stage], graph: DiGraph, *, root: str, changed: frozenset[str]
) -> Mapping[Stage, str]:
    """A key for every stage that has a command and could be shared, each stage after what it needs.

    `changed` are the files (absolute) that trials write: what reads one as a whole is shared with nobody.
    """
    keys: dict[Stage, str | None] = {}
    for stage in stages:
        upstream = list(graph.successors(stage)) if stage in graph else []
        above = [keys.get(one) for one in upstream]
        own = _describe(stage, root, changed)
        keys[stage] = None if own is None or None in above else _hash([own, sorted(map(str, above))])
    return {stage: key for stage, key in keys.items() if key is not None and stage.cmd}


def _describe(stage: Stage, root: str, changed: frozenset[str]) -> list[object] | None:
    if stage.always_changed or any(_reads(dep, changed) for dep in stage.deps):
        return None
    try:
        params = [_params(dep, root) for dep in stage.deps if isinstance(dep, ParamsDependency)]
    except DvcException:
        return None
    deps = sorted(os.path.relpath(dep.fs_path, root) for dep in stage.deps if dep.protocol == "local")
    return [str(stage.addressing), stage.cmd, deps, params]


def _params(dep: ParamsDependency, root: str) -> list[object]:
    return [os.path.relpath(dep.fs_path, root), dep.read_params(flatten=True)]


def _reads(dep: Dependency, changed: frozenset[str]) -> bool:
    """Whether it is one of the files, or a folder around one."""
    if isinstance(dep, ParamsDependency) or dep.protocol != "local":
        return False
    return any(path == dep.fs_path or path.startswith(f"{dep.fs_path}{os.sep}") for path in changed)


def _hash(value: object) -> str:
    return sha256(dumps(value, sort_keys=True, default=repr).encode()).hexdigest()
