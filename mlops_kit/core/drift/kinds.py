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
            return _number_kind(reference)
        case Family.TEXT:
            return _text_kind(reference)


def _number_kind(reference: ColumnProfile) -> ColumnKind:
    if reference.distinct <= FEW_VALUES:
        return ColumnKind.CATEGORICAL
    return ColumnKind.IDENTIFIER if _counts_rows(reference) else ColumnKind.NUMERIC


def _counts_rows(reference: ColumnProfile) -> bool:
    """Whether a column numbers the rows: whole numbers, nearly all different, and with few gaps between them."""
    numbers = reference.numbers
    if numbers is None or numbers.minimum is None or numbers.maximum is None or not numbers.are_whole:
        return False
    span = numbers.maximum - numbers.minimum + 1
    return reference.distinct > IDENTIFIER_SHARE * reference.present and span <= reference.present / IDENTIFIER_SHARE


def _text_kind(reference: ColumnProfile) -> ColumnKind:
    if reference.distinct <= MANY_VALUES:
        return ColumnKind.CATEGORICAL
    if (reference.mean_length or 0) >= TEXT_LENGTH:
        return ColumnKind.TEXT
    if reference.distinct > IDENTIFIER_SHARE * reference.present:
        return ColumnKind.IDENTIFIER
    return ColumnKind.HIGH_CARDINALITY
