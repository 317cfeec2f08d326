"""A schema from a profile: what held in the reference, with slack, for a person to review."""

import math
import re
from collections.abc import Callable

from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, Family
from mlops_kit.core.drift.schema import ColumnRules, ColumnType, DataSchema, OtherColumns

ENOUGH_ROWS = 500
"""Rows that are enough to judge by; fewer are asked for where the reference has fewer."""
_ROWS_FOR_NULLS = 100
_ROWS_FOR_KEYS = 1_000
_CATEGORIES = 50
_ROWS_PER_CATEGORY = 20
_SLACK = 0.25
_INTEGERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER")
_TYPES = {
    Family.NUMBER: ColumnType.NUMBER,
    Family.BOOLEAN: ColumnType.BOOLEAN,
    Family.TEXT: ColumnType.TEXT,
    Family.MOMENT: ColumnType.MOMENT,
    Family.NESTED: ColumnType.NESTED,
    Family.EMPTY: None,
}


def infer_schema(profile: DataProfile) -> DataSchema:
    """Rules that the profiled data keeps, wide enough for data of the same kind to keep them too."""
    return DataSchema.model_validate(
        {
            "version": 1,
            "min-rows": min(ENOUGH_ROWS, profile.rows),
            "other-columns": OtherColumns.REFUSED,
            "columns": {column.name: _infer(column) for column in profile.columns},
        }
    )


def column_type(column: ColumnProfile) -> ColumnType | None:
    """What a column is in the words of a schema; None where it has no value."""
    if column.family is Family.NUMBER and _INTEGERS.fullmatch(column.type):
        return ColumnType.INTEGER
    return _TYPES[column.family]


def _infer(column: ColumnProfile) -> ColumnRules:
    unique = _is_key(column)
    least, most = (None, None) if unique else _range(column)
    return ColumnRules.model_validate(
        {
            "type": column_type(column),
            "nullable": column.missing > 0 or column.rows < _ROWS_FOR_NULLS,
            "unique": unique,
            "min": least,
            "max": most,
            "allowed": None if unique else _allowed(column),
        }
    )


def _is_key(column: ColumnProfile) -> bool:
    """Whether a column names rows; real numbers that are all different are no names."""
    named = column_type(column) in {ColumnType.INTEGER, ColumnType.TEXT}
    return named and column.rows >= _ROWS_FOR_KEYS and column.distinct == column.present == column.rows


def _allowed(column: ColumnProfile) -> tuple[str, ...] | None:
    """All values of a column of few ones, each of which is there often; what happened once may be new again."""
    known = column.counted == column.present == sum(column.counts.values())
    few = 0 < len(column.counts) <= _CATEGORIES and column.present >= _ROWS_PER_CATEGORY * len(column.counts)
    return tuple(sorted(column.counts)) if column.family is Family.TEXT and known and few else None


def _range(column: ColumnProfile) -> tuple[float | None, float | None]:
    numbers = column.numbers
    if numbers is None or numbers.minimum is None or numbers.maximum is None or numbers.infinite:
        return None, None
    least, most = numbers.minimum, numbers.maximum
    slack = _SLACK * (most - least or abs(most) or 1.0)
    low, high = _outward(least - slack, slack, math.floor), _outward(most + slack, slack, math.ceil)
    if column_type(column) is ColumnType.INTEGER and math.isfinite(low) and math.isfinite(high):
        low, high = float(math.floor(low)), float(math.ceil(high))
    if not (math.isfinite(low) and math.isfinite(high)):
        return None, None
    return (0.0 if low < 0 <= least else low), (0.0 if most <= 0 < high else high)


def _outward(bound: float, slack: float, direction: Callable[[float], int]) -> float:
    """A bound with two digits of the slack, never inside of it."""
    if not math.isfinite(bound):
        return bound
    decimals = 1 - math.floor(math.log10(slack))
    step = 10.0**-decimals
    return round(direction(bound / step) * step, decimals) if step and math.isfinite(bound / step) else bound
