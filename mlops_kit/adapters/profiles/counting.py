"""What is counted of every row: missing and distinct values, extremes, means."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_kit.adapters.profiles.columns import Column, batches, look_into, present
from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.core.drift.profile import Family
from mlops_kit.core.errors import InputError, Location

SQUARE_LIMIT = 1e150
"""Numbers from here on are left out of the deviation in SQL: sums of their squares overflow."""
_BATCH = 50


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A column and what was counted of it, by the name of the count."""

    column: Column
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - numbers, text and moments
        """One of the counts."""
        return self.values[name]


def count_columns(database: Database, relation: Relation, columns: Sequence[Column]) -> tuple[int, tuple[Counted, ...]]:
    """The rows, and the counts of each column; one whose values are not all what its first ones are becomes text."""
    rows, counted = _count(database, relation, columns)
    suspects = [found.column for found in counted.values() if found.values.get("written", 0) > found["present"]]
    if other := _find_other(database, relation, suspects):
        counted |= _count(database, relation, other)[1]
    _check_texts(database, relation, counted.values())
    return rows, tuple(counted[column.number] for column in columns)


def _count(database: Database, relation: Relation, columns: Sequence[Column]) -> tuple[int, dict[int, Counted]]:
    rows, counted = 0, dict[int, Counted]()
    for batch in batches(columns, _BATCH) or [()]:
        inner = ", ".join(f"{column.value} AS v{column.number}, c{column.number}" for column in batch) or "1"
        wanted = [(column, name, sql) for column in batch for name, sql in _aggregates(column)]
        outer = ", ".join(["count(*)", *(sql for _, _, sql in wanted)])
        rows, *found = database.row(f"SELECT {outer} FROM (SELECT {inner} FROM {relation.source})")  # noqa: S608 - no name or value of the data
        values: dict[int, dict[str, Any]] = {column.number: {} for column in batch}
        for (column, name, _), value in zip(wanted, found, strict=True):
            values[column.number][name] = value
        counted |= {column.number: Counted(column=column, values=values[column.number]) for column in batch}
    return rows, counted


def _aggregates(column: Column) -> Iterator[tuple[str, str]]:
    value = f"v{column.number}"
    yield "present", f"count({value})"
    if not column.is_said and column.family is not Family.TEXT:
        yield "written", f"count({column.text})"
    match column.family:
        case Family.NUMBER:
            yield from _of_numbers(value)
        case Family.TEXT:
            yield "distinct", f"approx_count_distinct({value})"
            yield "length", f"avg(length({value}))"
            yield "broken", f"bool_or(contains({value}, chr(0)))"
        case Family.MOMENT:
            yield "distinct", f"approx_count_distinct({value})"
            yield "minimum", f"CAST(min({value}) FILTER (isfinite({value})) AS VARCHAR)"
            yield "maximum", f"CAST(max({value}) FILTER (isfinite({value})) AS VARCHAR)"
        case Family.BOOLEAN | Family.NESTED | Family.EMPTY:
            pass


def _of_numbers(value: str) -> Iterator[tuple[str, str]]:
    finite = f"CASE WHEN isfinite({value}) THEN {value} END"
    yield "finite", f"count({finite})"
    for name, function in (
        ("minimum", "min"),
        ("maximum", "max"),
        ("mean", "avg"),
        ("distinct", "approx_count_distinct"),
    ):
        yield name, f"{function}({finite})"
    yield "deviation", f"stddev_samp(CASE WHEN abs({value}) < {SQUARE_LIMIT} THEN {value} END)"
    yield "whole", f"bool_and({finite} = floor({finite}))"


def _find_other(database: Database, relation: Relation, suspects: Sequence[Column]) -> tuple[Column, ...]:
    """The columns that hold more than their first values say, as what they are then."""
    wrong = []
    for batch in batches(suspects, _BATCH):
        counts = ", ".join(f"count_if({column.value} IS NULL AND {present(column.text)})" for column in batch)
        found = database.row(f"SELECT {counts} FROM {relation.source}")  # noqa: S608 - as above
        wrong += [column for column, count in zip(batch, found, strict=True) if count]
    unknown = [column.number for column in wrong if column.family is Family.EMPTY]
    known = [column.as_text() for column in wrong if column.family is not Family.EMPTY]
    return (*look_into(database, relation, unknown), *known)


def _check_texts(database: Database, relation: Relation, counted: Iterable[Counted]) -> None:
    for found in counted:
        if found.values.get("broken"):
            number = found.column.number
            (row,) = database.row(
                f"SELECT min(row) FROM (SELECT row_number() OVER () AS row, {found.column.text} AS t FROM "  # noqa: S608 - as above
                f"(SELECT c{number} FROM {relation.source})) WHERE contains(t, chr(0))"
            )
            raise InputError(
                f"row {row} has a NUL character in the column {found.column.name[:80]!r}: this is no text",
                location=Location(file=database.name),
            )
