"""How a column is judged, which its reference decides: what it holds, and in how many different values."""

from enum import StrEnum

from mlops_kit.core.drift.profile import ColumnProfile, Family

FEW_VALUES = 20
"""A numeric column with at most so many distinct values is judged by them."""
MANY_VALUES = 100
"""A column of more distinct values is judged by the most frequent ones and a rest."""
TEXT_LENGTH = 40
"""Characters in the mean from which many different values are free text."""
IDENTIFIER_SHARE = 0.9
"""A column of which so large a share are different values is an identifier: each new row has a new one."""


class ColumnKind(StrEnum):
    """By which rule a column is judged."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    HIGH_CARDINALITY = "high-cardinality"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    TEXT = "text"
    IDENTIFIER = "identifier"
    NESTED = "nested"
    EMPTY = "empty"


def column_kind(reference: ColumnProfile) -> ColumnKind:
    """The rule for a column, by what it held when the model was trained."""
    match reference.family:
        case Family.EMPTY:
            return ColumnKind.EMPTY
        case Family.BOOLEAN:
            return ColumnKind.BOOLEAN
        case Family.MOMENT:
            return ColumnKind.DATETIME
        case Family.NESTED:
            return ColumnKind.NESTED
        case Family.NUMBER:
            return ColumnKind.NUMERIC if reference.distinct > FEW_VALUES else ColumnKind.CATEGORICAL
        case Family.TEXT:
            return _text_kind(reference)


def _text_kind(reference: ColumnProfile) -> ColumnKind:
    if reference.distinct <= MANY_VALUES:
        return ColumnKind.CATEGORICAL
    if (reference.mean_length or 0) >= TEXT_LENGTH:
        return ColumnKind.TEXT
    if reference.distinct > IDENTIFIER_SHARE * reference.present:
        return ColumnKind.IDENTIFIER
    return ColumnKind.HIGH_CARDINALITY
