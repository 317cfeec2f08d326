"""Which params differ between two commits."""

from collections.abc import Iterable
from dataclasses import dataclass

from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.review.cells import STRICT, Cell, Text, clip, portable


@dataclass(frozen=True, kw_only=True)
class ParamRow:
    """A param that differs; None where that side has none, or null."""

    path: Text
    key: Text
    old: Cell = None
    new: Cell = None

    __pydantic_config__ = STRICT


def compare_params(base: Iterable[ValueFile], head: Iterable[ValueFile]) -> tuple[ParamRow, ...]:
    """The params that differ, sorted by path and key."""
    old = {(file.path, key): value for file in base for key, value in file.values.items()}
    new = {(file.path, key): value for file in head for key, value in file.values.items()}
    return tuple(
        ParamRow(path=clip(path), key=clip(key), old=portable(old.get((path, key))), new=portable(new.get((path, key))))
        for path, key in sorted({*old, *new})
        if not _same(old.get((path, key)), new.get((path, key)))
    )


def _same(old: Value, new: Value) -> bool:
    """Equal as numbers or texts; true and 1 are not the same."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)
