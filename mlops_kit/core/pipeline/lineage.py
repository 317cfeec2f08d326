"""The recipe of a model: one hash over everything that led to it, so that two trainings can be told apart.

It is lineage, not identity: equal bytes are one version whatever their recipes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property

from mlops_kit.core.pipeline.graph import link_stages, reach, reverse_links
from mlops_kit.core.pipeline.stages import Stage
from mlops_kit.core.types import StageName


class Lineage:
    """Which stages lead where, for many questions about the stages of one project."""

    def __init__(self, stages: Iterable[Stage]) -> None:
        self._stages = {stage.name: stage for stage in stages}
        self._links = link_stages(self._stages.values())
        self._entries: dict[StageName, str] = {}

    def compute_recipe(self, maker: Stage) -> str:
        """The sha256, in hexadecimal, of the stages that lead to `maker`, itself included.

        Counted are commands, dependency digests and params as the lock records them; names, places in files and the
        order of keys are not.
        """
        entries = sorted(self._entry(name) for name in reach([maker.name], self._links))
        return hashlib.sha256(_canonical(entries).encode()).hexdigest()

    def find_grounds(self, makers: Iterable[StageName], measuring: Iterable[StageName]) -> frozenset[StageName]:
        """The stages that what is said of a model rests on: those that lead to it, and those that measure it.

        Of `measuring`, the stages that write metrics, those count that read the model, themselves or through others;
        and so do those in between.
        """
        before, after = reach(makers, self._links), reach(makers, self._readers)
        return before | (reach(after.intersection(measuring), self._links) & after)

    @cached_property
    def _readers(self) -> Mapping[StageName, tuple[StageName, ...]]:
        return reverse_links(self._links)

    def _entry(self, name: StageName) -> str:
        if name not in self._entries:
            self._entries[name] = _canonical(_entry(self._stages[name]))
        return self._entries[name]


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
