"""A profile against a schema: what it shows to be broken, and what rows are looked at for."""

from typing import Any

import pytest

from mlops_kit.core.drift.checks import check_profile, merge, narrow
from mlops_kit.core.drift.profile import ColumnProfile, Family, TableFormat
from mlops_kit.core.drift.schema import DataSchema, Rule, Violation
from tests.unit.drift.profiles import numbers, table, texts


def schema(column: dict[str, Any] | None = None, **more: object) -> DataSchema:
    table_rules = {name.replace("_", "-"): value for name, value in more.items()}
    return DataSchema.model_validate({"version": 1, "columns": {} if column is None else {"x": column}, **table_rules})


def check(column: ColumnProfile, rules: dict[str, Any]) -> list[str]:
    return [f"{found.rule} {found}" for found in check_profile(table(column), schema(rules))]


def left(column: ColumnProfile, rules: dict[str, Any]) -> list[str]:
    """The rules that rows are looked at for."""
    narrowed = narrow(schema(rules), table(column)).columns
    return sorted(narrowed["x"].model_dump(by_alias=True, exclude_defaults=True)) if "x" in narrowed else []


def test_table_is_too_short_or_has_other_columns() -> None:
    found = check_profile(table(numbers("y", 0, 1, rows=3)), schema(min_rows=5, other_columns="refused"))
    assert [(violation.column, str(violation)) for violation in found] == [
        ("", "must be at least 5: 3 rows"),
        ("y", "must be named by the schema: 3 rows"),
    ]


def test_column_that_must_be_there() -> None:
    assert [str(found) for found in check_profile(table(numbers("y", 0, 1)), schema({}))] == [
        "must be there: 1,000 rows"
    ]
    assert check_profile(table(numbers("y", 0, 1)), schema({"required": False})) == ()


@pytest.mark.parametrize(
    ("column", "rules", "said"),
    [
        (numbers("x", 0, 9), {"type": "number", "min": 0, "max": 9, "nullable": False}, []),
        (numbers("x", -1, 9.5), {"min": 0}, ["min must be at least 0, such as '-1'"]),
        (numbers("x", -1, 9.5), {"max": 9}, ["max must be at most 9, such as '9.5'"]),
        (numbers("x", 0, 9, missing=1), {"nullable": False}, ["nullable must be there in each row: 1 row"]),
        (numbers("x", 0, 9, whole=True), {"type": "number"}, []),
        (
            numbers("x", 0, 5),
            {"type": "integer"},
            ["type must be of type integer, such as '2.5'"],
        ),
        (texts("x", {"a": 2}), {"type": "number", "min": 1}, ["type must be of type number: 2 rows, such as 'a'"]),
        (texts("x", {"a": 2, "b": 1}), {"allowed": ["a"]}, ["allowed must be one of a: 1 row, such as 'b'"]),
        (texts("x", {"a": 2, "b": 1}), {"unique": True}, ["unique must be there only once: 2 rows, such as 'a'"]),
        (texts("x", {"a": 2}, distinct=9), {"unique": True, "allowed": ["a"]}, []),
        (texts("x", {"1": 2}), {"allowed": [1.0, 2]}, []),
    ],
)
def test_rules_of_a_column(column: ColumnProfile, rules: dict[str, Any], said: list[str]) -> None:
    assert check(column, rules) == said


def test_numbers_are_text_in_a_csv_file_and_not_where_the_file_says_its_types() -> None:
    column, text = numbers("x", 0, 9), schema({"type": "text"})
    assert check_profile(table(column), text) == ()
    assert [found.rule for found in check_profile(table(column, kind=TableFormat.PARQUET), text)] == [Rule.TYPE]


def test_column_without_values_breaks_no_type() -> None:
    empty = ColumnProfile(name="x", type="", family=Family.EMPTY, rows=3, missing=3)
    assert check(empty, {"type": "number", "min": 1}) == []
    assert check(empty, {"nullable": False}) == ["nullable must be there in each row: 3 rows"]


@pytest.mark.parametrize(
    ("column", "rules", "expected"),
    [
        (numbers("x", 0, 9), {"type": "number", "min": 0, "max": 9, "nullable": False}, []),
        (numbers("x", -1, 9), {"min": 0, "max": 9}, ["min"]),
        (numbers("x", 0, 9, infinite=1), {"min": 0, "max": 9}, ["max", "min"]),
        (numbers("x", 0, 9), {"type": "integer"}, ["type"]),
        (texts("x", {"a": 2}), {"allowed": ["a"]}, []),
        (texts("x", {"a": 2}, distinct=9), {"allowed": ["a"]}, ["allowed"]),
        (texts("x", {"a": 2}), {"type": "number", "min": 0}, ["min", "type"]),
        (texts("x", {"a": 2}), {"unique": True}, ["unique"]),
    ],
)
def test_rows_are_looked_at_only_for_what_the_profile_does_not_answer(
    column: ColumnProfile, rules: dict[str, Any], expected: list[str]
) -> None:
    assert left(column, rules) == expected


def test_counted_rows_take_the_place_of_what_the_profile_showed() -> None:
    shown = Violation(column="x", rule=Rule.MIN, expected="at least 0", examples=("-1",))
    counted = Violation(column="x", rule=Rule.MIN, expected="at least 0", rows=3, examples=("-1", "-2"))
    other = Violation(column="a", rule=Rule.REQUIRED, expected="there", rows=3)
    assert merge([shown, other], [counted]) == (other, counted)
