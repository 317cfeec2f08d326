"""What a profile says that data must be like."""

import pytest

from mlops_kit.core.drift.inference import infer_schema
from mlops_kit.core.drift.profile import ColumnProfile, Family
from mlops_kit.core.drift.schema import ColumnRules, ColumnType, OtherColumns
from tests.unit.drift.profiles import numbers, table, texts


def rules(column: ColumnProfile) -> ColumnRules:
    return infer_schema(table(column)).columns[column.name]


def test_table_needs_enough_rows_and_the_columns_that_are_there() -> None:
    schema = infer_schema(table(numbers("x", 0, 1, rows=20_000)))
    assert (schema.min_rows, schema.other_columns, list(schema.columns)) == (500, OtherColumns.REFUSED, ["x"])
    assert infer_schema(table(numbers("x", 0, 1, rows=30))).min_rows == 30


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (10.0, 20.0, (7.5, 22.5)),
        (0.0, 20.0, (0.0, 25.0)),
        (-3.0, -1.0, (-3.5, -0.5)),
        (-20.0, 0.0, (-25.0, 0.0)),
        (5.0, 5.0, (3.7, 6.3)),
        (0.0, 0.0, (0.0, 0.0)),
        (0.12345, 0.98765, (0.0, 1.21)),
        (1e-9, 3e-9, (5e-10, 3.5e-9)),
        (-1.7e308, 1.7e308, (None, None)),
    ],
)
def test_range_is_wider_than_what_was_seen_and_keeps_its_sign(
    low: float, high: float, expected: tuple[float | None, float | None]
) -> None:
    found = rules(numbers("x", low, high))
    assert (found.min, found.max) == expected


def test_range_of_whole_numbers_is_whole() -> None:
    found = rules(numbers("x", 1, 10, whole=True))
    assert (found.type, found.min, found.max) == (ColumnType.INTEGER, 0.0, 13.0)


def test_infinite_values_leave_no_range() -> None:
    found = rules(numbers("x", 1, 10, infinite=1))
    assert (found.min, found.max) == (None, None)


def test_no_value_is_missing_only_where_enough_rows_say_so() -> None:
    assert not rules(numbers("x", 0, 1, rows=100)).nullable
    assert rules(numbers("x", 0, 1, rows=99)).nullable
    assert rules(numbers("x", 0, 1, rows=1000, missing=1)).nullable


def test_key_is_unique_and_has_no_range() -> None:
    found = rules(numbers("id", 1, 1000, whole=True, distinct=1000))
    assert (found.unique, found.min, found.max) == (True, None, None)
    assert not rules(numbers("id", 1, 999, rows=999, whole=True, distinct=999)).unique
    assert not rules(numbers("id", 1, 1000, whole=True, distinct=999)).unique


def test_real_numbers_that_are_all_different_are_no_key() -> None:
    assert not rules(numbers("x", 0, 1, distinct=1000)).unique


def test_values_are_named_where_they_are_few_and_frequent() -> None:
    assert rules(texts("city", {"b": 30, "a": 30})).allowed == ("a", "b")
    assert rules(texts("city", {"b": 30, "a": 1})).allowed is None
    assert rules(texts("city", {f"c{number}": 50 for number in range(51)})).allowed is None
    assert rules(texts("city", {"a": 30, "b": 30}, distinct=1000)).allowed is None


def test_column_without_values_may_hold_anything() -> None:
    empty = ColumnProfile(name="x", type="", family=Family.EMPTY, rows=1000, missing=1000)
    assert rules(empty) == ColumnRules()
