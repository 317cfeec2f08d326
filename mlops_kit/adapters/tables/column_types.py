"""Infers the types of a CSV file's columns from all of its rows, a batch at a time.

A type is the narrowest word that every value of the column fits: `empty`, `integer`, `number`, `boolean`, `timestamp`,
else `text`. What pandas reads as missing counts as empty.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum


class ColumnType(StrEnum):
    """What stands in a column."""

    EMPTY = "empty"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    TEXT = "text"


_MISSING = frozenset({"", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "<NA>", "#N/A"})
_BOOLEANS = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_WIDER = {
    ColumnType.EMPTY: (
        ColumnType.INTEGER,
        ColumnType.NUMBER,
        ColumnType.BOOLEAN,
        ColumnType.TIMESTAMP,
        ColumnType.TEXT,
    ),
    ColumnType.INTEGER: (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.TEXT),
    ColumnType.NUMBER: (ColumnType.NUMBER, ColumnType.TEXT),
    ColumnType.BOOLEAN: (ColumnType.BOOLEAN, ColumnType.TEXT),
    ColumnType.TIMESTAMP: (ColumnType.TIMESTAMP, ColumnType.TEXT),
}


def widen(known: ColumnType, cells: Sequence[str]) -> ColumnType:
    """The type of a column that had `known` so far, with these values in it too."""
    if known is ColumnType.TEXT:
        return known
    values = [cell for cell in cells if cell not in _MISSING]
    if not values:
        return known
    return next((wider for wider in _WIDER[known] if _fits(wider, values)), ColumnType.TEXT)


def _fits(wanted: ColumnType, values: Sequence[str]) -> bool:
    match wanted:
        case ColumnType.INTEGER:
            return _is_plain(values) and _all_pass(int, values)
        case ColumnType.NUMBER:
            return _is_plain(values) and _all_pass(float, values)
        case ColumnType.BOOLEAN:
            return _BOOLEANS.issuperset(values)
        case ColumnType.TIMESTAMP:
            return _all_pass(datetime.fromisoformat, values)
        case ColumnType.TEXT | ColumnType.EMPTY:
            return True


def _is_plain(values: Sequence[str]) -> bool:
    """Whether none has what Python takes for a digit and other readers do not."""
    joined = "".join(values)
    return joined.isascii() and "_" not in joined


def _all_pass(convert: Callable[[str], object], values: Sequence[str]) -> bool:
    try:
        deque(map(convert, values), maxlen=0)
    except ValueError:
        return False
    return True
