"""What is found when a stage is looked at and left alone: its lock entry beside its files, part by part.

Values only. What follows from them is decided in `core.pipeline.outlook`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.types import Digest, StageName

Scalar = int | float | bool | str | None
"""A param's value that JSON can carry; lists are texts."""


class StageKind(StrEnum):
    """What makes a stage's outputs: its command, nobody (data that was added), or a download."""

    COMMAND = "command"
    DATA = "data"
    IMPORT = "import"


class Content(StrEnum):
    """How a thing compares with the lock entry.

    `new`: the entry has nothing for it. `absent`: it is not here. `unseen`: it lies on another machine.
    """

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    ABSENT = "absent"
    UNSEEN = "unseen"


@dataclass(frozen=True, kw_only=True)
class SeenInput:
    """A path that a stage reads, from DVC's root; `old` is the entry's digest, `new` that of what lies here."""

    path: str
    content: Content
    old: Digest | None = None
    new: Digest | None = None


@dataclass(frozen=True, kw_only=True)
class SeenOutput:
    """A path that a stage writes. `in_cache` says that the cache has what the entry names; git keeps `plain` ones."""

    path: str
    content: Content
    old: Digest | None = None
    new: Digest | None = None
    in_cache: bool = False
    plain: bool = False


@dataclass(frozen=True, kw_only=True)
class SeenParam:
    """A param that a stage reads; None for `old` where it is new, and for `new` where it is absent."""

    file: str
    key: str
    content: Content
    old: Scalar = None
    new: Scalar = None


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A stage as it is now beside its lock entry.

    `locked` says that there is one; `locked_command` is its command, None where nobody knows. `restless` stages run
    every time. `restorable` says that the run-cache keeps results of stages like this one.
    """

    stage: StageName
    kind: StageKind = StageKind.COMMAND
    command: tuple[str, ...] = ()
    locked_command: tuple[str, ...] | None = None
    command_changed: bool = False
    locked: bool = True
    frozen: bool = False
    restless: bool = False
    restorable: bool = True
    inputs: tuple[SeenInput, ...] = ()
    params: tuple[SeenParam, ...] = ()
    outputs: tuple[SeenOutput, ...] = ()


def compare_params(file: str, old: Mapping[str, object], new: Mapping[str, object]) -> tuple[SeenParam, ...]:
    """Every param of both sides, sorted by its key; a mapping that differs is opened, down to the keys that do."""
    rows = [
        SeenParam(file=file, key=key, content=content, old=as_scalar(before), new=as_scalar(after))
        for name in {*new, *old}
        for key, content, before, after in _compare(str(name), old.get(name, _NOTHING), new.get(name, _NOTHING))
    ]
    return tuple(sorted(rows, key=lambda row: row.key))


def as_scalar(value: object) -> Scalar:
    """The value as JSON carries it: lists and dates as text, NaN and the infinities by name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value is _NOTHING or value is None:
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


_NOTHING = object()


def _compare(key: str, old: object, new: object) -> list[tuple[str, Content, object, object]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old != new:
        return [
            row
            for name in {*new, *old}
            for row in _compare(f"{key}.{name}", old.get(name, _NOTHING), new.get(name, _NOTHING))
            if row[1] is not Content.SAME
        ]
    return [(key, _content(old, new), old, new)]


def _content(old: object, new: object) -> Content:
    if new is _NOTHING:
        return Content.ABSENT
    if old is _NOTHING:
        return Content.NEW
    same = old == new or (isinstance(new, tuple) and list(new) == old)
    return Content.SAME if same else Content.CHANGED
