"""What a sweep looks at: params with the values that each of them takes, and the trials of a grid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from math import prod

from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.errors import InputError
from mlops_kit.core.sweep.trial import Param, Setting, Trial

GRID_LIMIT = 1_000
"""The most trials of a grid."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Single values; `ordered` where they are steps along a line, so that near ones give near results."""

    values: tuple[Scalar, ...]
    ordered: bool = False


class Scale(StrEnum):
    """How an interval is searched: evenly, evenly in the logarithm, or over whole numbers; called as in a word."""

    UNIFORM = "uniform"
    LOG_UNIFORM = "loguniform"
    INT = "int"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """All numbers from `low` to `high`, both of them included."""

    scale: Scale
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One param and the values that it takes; `word` is what somebody wrote."""

    param: Param
    values: Choices | Interval
    word: str


Space = tuple[Dimension, ...]


def count_trials(space: Space) -> int | None:
    """How many trials there are; None where an interval has no end of them."""
    sizes = [_size(one.values) for one in space]
    return None if None in sizes else prod(size for size in sizes if size is not None)


def list_grid(space: Space) -> tuple[Trial, ...]:
    """Every combination, the last param's values changing fastest; InputError for intervals, and for too many."""
    choices = [_choices(one) for one in space]
    count = prod(len(found) for found in choices)
    if count > GRID_LIMIT:
        raise InputError(
            f"--sweep stands for {count:,} combinations, more than {GRID_LIMIT:,}",
            hint="name fewer values, or search among them: --sweep-engine optuna --trials 50 --metric KEY",
        )
    return tuple(Trial(number=place, settings=settings) for place, settings in enumerate(product(*choices), 1))


def list_files(space: Iterable[Dimension]) -> tuple[str, ...]:
    """The params files that a sweep changes, sorted."""
    return tuple(sorted({one.param.file for one in space}))


def _choices(dimension: Dimension) -> tuple[Setting, ...]:
    if isinstance(dimension.values, Interval):
        scale = dimension.values.scale
        raise InputError(
            f"--sweep {dimension.word!r}: {scale}(…) has no end of values, and a grid takes them all",
            hint="search it with --sweep-engine optuna, or name values: range(a,b,step)",
        )
    return tuple(Setting(param=dimension.param, value=value) for value in dimension.values.values)


def _size(values: Choices | Interval) -> int | None:
    if isinstance(values, Choices):
        return len(values.values)
    return int(values.high) - int(values.low) + 1 if values.scale is Scale.INT else None


def walk_params(space: Space) -> Iterator[Param]:
    """The params, as they were written."""
    return (one.param for one in space)
