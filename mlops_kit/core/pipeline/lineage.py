"""The recipe of a model: one hash over everything that led to it, so that two trainings can be told apart.

It is lineage, not identity: equal bytes are one version whatever their recipes.
"""

import hashlib
import json
from collections.abc import Iterable

from mlops_kit.core.pipeline.graph import upstream_of
from mlops_kit.core.pipeline.stages import Stage


def compute_recipe(maker: Stage, stages: Iterable[Stage]) -> str:
    """The sha256, in hexadecimal, of the stages that lead to `maker`, itself included.

    Counted are commands, dependency digests and params as the lock records them; names, places in files and the
    order of keys are not.
    """
    entries = sorted(_canonical(_entry(stage)) for stage in upstream_of(maker, stages))
    return hashlib.sha256(_canonical(entries).encode()).hexdigest()


def compute_lock_digest(stages: Iterable[Stage]) -> str:
    """The sha256, in hexadecimal, of what the locks say of the stages, whatever the form of the files."""
    entries = sorted(
        _canonical(
            {
                "name": stage.name,
                **_entry(stage),
                "outputs": {found.path: str(found.digest) for found in stage.outputs if found.digest},
            }
        )
        for stage in stages
    )
    return hashlib.sha256(_canonical(entries).encode("utf-8", "surrogateescape")).hexdigest()


def _entry(stage: Stage) -> dict[str, object]:
    command = stage.command if stage.locked_command is None else stage.locked_command
    return {
        "command": list(command),
        "dependencies": {found.path: str(found.digest) for found in stage.dependencies if found.digest},
        "data": {found.path: str(found.digest) for found in stage.outputs if found.digest} if stage.is_data else {},
        "params": {found.file: dict(found.locked) for found in stage.params if found.locked},
    }


def _canonical(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _plain(value: object) -> object:
    """Keys as text, for YAML allows a mapping with keys of several types and sorting does not."""
    match value:
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value
