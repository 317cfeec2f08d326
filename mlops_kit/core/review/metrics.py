"""How metrics moved between two commits: by how much, and whether that is better.

A file that could not be read is never an empty file: what it lacks is `unreadable`, not removed.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import StrictBool

from mlops_kit.core.config import Config, Goal
from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.review.cells import STRICT, Cell, Number, Text, clip, portable
from mlops_kit.core.review.directions import assume_goal

MetricFile = ValueFile
"""The values of one metrics file: what gates and comparisons read."""
_FLOAT_LIMIT = 1e300


class Trend(StrEnum):
    """How a metric moved, in words."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    NEW = "new"
    REMOVED = "removed"
    CHANGED = "changed"
    TYPE_CHANGED = "type-changed"
    NON_FINITE = "non-finite"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One metric in base and head. `old` or `new` is None where that side has none.

    `live` is its value in what the environment runs, None where that is base or unknown. `diff` is head minus base
    where both are numbers. Values that are not finite are the texts NaN, Infinity and -Infinity. `goal` is empty where
    the policy names none and none can be `assumed` from the metric's name.
    """

    path: Text
    key: Text
    old: Cell = None
    new: Cell = None
    live: Cell = None
    diff: Number | None = None
    goal: Literal["", "maximize", "minimize"] = ""
    assumed: StrictBool = False
    trend: Trend

    __pydantic_config__ = STRICT


def compare_metrics(
    base: Iterable[MetricFile], head: Iterable[MetricFile], config: Config, *, live: Iterable[MetricFile] = ()
) -> tuple[MetricRow, ...]:
    """Every metric of base or head, sorted by path and key; an unreadable file alone is a row without a key.

    A goal that the policy does not name is assumed from the metric's name. `live` fills a column and adds no row.
    """
    old = {file.path: file for file in base}
    new = {file.path: file for file in head}
    rows = (row for path in sorted({*old, *new}) for row in _rows(path, old.get(path), new.get(path), config))
    return with_live(rows, live)


def with_live(rows: Iterable[MetricRow], live: Iterable[MetricFile]) -> tuple[MetricRow, ...]:
    """The rows with the values of what is live, whatever they said of it before."""
    values = {(clip(file.path), clip(key)): value for file in live for key, value in file.values.items()}
    return tuple(replace(row, live=portable(values.get((row.path, row.key)))) for row in rows)


def compare_values(path: str, key: str, old: Value, new: Value, config: Config) -> MetricRow:
    """One metric in base and head, None where that side has none."""
    policy = config.policy(path, key)
    goal = policy.goal or assume_goal(key)
    return MetricRow(
        path=clip(path),
        key=clip(key),
        old=portable(old),
        new=portable(new),
        diff=_difference(old, new),
        goal=goal.value if goal else "",
        assumed=goal is not None and policy.goal is None,
        trend=_trend(old, new, goal, policy.noise),
    )


def is_number(value: object) -> bool:
    """Whether a value can be compared: an int or float, no boolean, NaN and infinity included."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Whether a value is a number, not NaN, not infinite; MLflow stores infinity as 1.79e308, which counts as such."""
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value) and abs(value) < 1.79e308)


def exact(value: float) -> Decimal:
    """The number as it is written, so that 0.9 - 0.895 is 0.005."""
    return Decimal(repr(value))


def show_number(number: Decimal) -> str:
    """The number with at most six significant digits, without zeros at its end."""
    return f"{float(number):.6g}" if abs(number) < _FLOAT_LIMIT else f"{number:.6g}"


def show_span(low: float, high: float) -> str:
    """The ends of an interval with their signs and at most three significant digits: `-0.012 to +0.034`."""
    return f"{_signed(low)} to {_signed(high)}"


def _signed(number: float) -> str:
    return f"{number:+.3g}" if number else "0"


def _rows(path: str, old: MetricFile | None, new: MetricFile | None, config: Config) -> Iterator[MetricRow]:
    before = old.values if old else {}
    after = new.values if new else {}
    unreadable = any(side is not None and side.error for side in (old, new))
    if unreadable and not before and not after:
        yield MetricRow(path=clip(path), key="", trend=Trend.UNREADABLE)
    for key in sorted({*before, *after}, key=str):
        row = compare_values(path, key, before.get(key), after.get(key), config)
        lost = unreadable and row.trend in {Trend.NEW, Trend.REMOVED}
        yield replace(row, trend=Trend.UNREADABLE) if lost else row


def _difference(old: Value, new: Value) -> int | float | None:
    if isinstance(old, bool) or isinstance(new, bool) or not isinstance(old, int | float):
        return None
    if not isinstance(new, int | float) or not is_finite(old) or not is_finite(new):
        return None
    return new - old


def _trend(old: Value, new: Value, goal: Goal | None, noise: float) -> Trend:
    if old is None:
        return Trend.NON_FINITE if isinstance(new, float) and not is_finite(new) else Trend.NEW
    if new is None:
        return Trend.REMOVED
    if _sort(old) is not _sort(new):
        return Trend.TYPE_CHANGED
    if isinstance(old, int | float) and isinstance(new, int | float) and is_number(old):
        return _moved(old, new, goal, noise)
    return Trend.SAME if old == new else Trend.CHANGED


def _sort(value: Value) -> type:
    return float if is_number(value) else type(value)


def _moved(old: float, new: float, goal: Goal | None, noise: float) -> Trend:
    if not is_finite(old) or not is_finite(new):
        return Trend.NON_FINITE
    if old == new:
        return Trend.SAME
    if goal is None or abs(exact(new) - exact(old)) <= exact(noise):
        return Trend.CHANGED
    return Trend.BETTER if (new > old) == (goal is Goal.MAXIMIZE) else Trend.WORSE
