"""Rows that break a schema's rules: counted in one reading, then the bad values of each broken rule."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_kit.adapters.profiles.columns import Column, batches, find_columns, present
from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.core.drift.profile import TEXT_LIMIT, Family
from mlops_kit.core.drift.schema import (
    EXAMPLES,
    ColumnRules,
    ColumnType,
    DataSchema,
    Rule,
    Violation,
    describe_allowed,
    write_cell,
)

_BATCH = 250
_SHOWN = 50
"""Broken rules whose bad values are looked for; each costs a reading."""
_FAMILIES = {
    ColumnType.INTEGER: Family.NUMBER,
    ColumnType.NUMBER: Family.NUMBER,
    ColumnType.BOOLEAN: Family.BOOLEAN,
    ColumnType.MOMENT: Family.MOMENT,
    ColumnType.TEXT: Family.TEXT,
    ColumnType.NESTED: Family.NESTED,
}


@dataclass(frozen=True, kw_only=True)
class _Check:
    """A rule about the values of a column, and the SQL of a row that breaks it; `values` are its parameters."""

    column: Column
    rule: Rule
    expected: str
    broken: str
    values: tuple[object, ...] = ()


def find_offenders(database: Database, relation: Relation, schema: DataSchema) -> tuple[Violation, ...]:
    """Every rule about values that rows break; columns that are not there, or of another type, are passed over."""
    columns = find_columns(database, relation, relation.numbers(schema.columns))
    read = [(_as_expected(column, schema.columns[column.name]), schema.columns[column.name]) for column in columns]
    checks = [check for column, rules in read for check in _checks(column, rules)]
    broken = [(check, rows) for check, rows in _count(database, relation, checks) if rows]
    found = [
        _violation(check, rows, _examples(database, relation, check) if number < _SHOWN else ())
        for number, (check, rows) in enumerate(broken)
    ]
    keys = [column for column, rules in read if rules.unique and column.family is not Family.NESTED]
    return (*found, *(twice for column in keys if (twice := _find_twice(database, relation, column))))


def _as_expected(column: Column, rules: ColumnRules) -> Column:
    """The column, read as what it must be; as what it is where its file vouches for that, or it was found to be it."""
    family = None if rules.type is None else _FAMILIES[rules.type]
    if column.is_said or family is None or family is column.family:
        return column
    return column.as_family(family)


def _checks(column: Column, rules: ColumnRules) -> Iterator[_Check]:
    value = column.value
    if rules.type is not None and not column.is_said and column.family is not Family.TEXT:
        yield _Check(
            column=column, rule=Rule.TYPE, expected=rules.type, broken=f"{value} IS NULL AND {present(column.text)}"
        )
    if rules.type is ColumnType.INTEGER and column.family is Family.NUMBER:
        fraction = f"{value} <> floor({value}) AND isfinite({value})"
        yield _Check(column=column, rule=Rule.TYPE, expected=rules.type, broken=fraction)
    if not rules.nullable:
        missing = f"{value} IS NULL" if column.is_said or column.family is Family.TEXT else _is_missing(column)
        yield _Check(column=column, rule=Rule.NULLABLE, expected="there in each row", broken=missing)
    if column.family is Family.NUMBER:
        yield from _range_checks(column, rules)
    if rules.allowed is not None:
        yield _allowed_check(column, rules)


def _is_missing(column: Column) -> str:
    return f"{column.value} IS NULL AND NOT coalesce({present(column.text)}, false)"


def _range_checks(column: Column, rules: ColumnRules) -> Iterator[_Check]:
    for rule, bound, sign, words in (
        (Rule.MIN, rules.min, "<", "at least"),
        (Rule.MAX, rules.max, ">", "at most"),
    ):
        if bound is not None:
            expected = f"{words} {write_cell(bound)}"
            yield _Check(
                column=column, rule=rule, expected=expected, broken=f"{column.value} {sign} ?", values=(float(bound),)
            )


def _allowed_check(column: Column, rules: ColumnRules) -> _Check:
    allowed = rules.allowed or ()
    values: tuple[object, ...] = tuple(write_cell(value) for value in allowed)
    value = f"CAST({column.value} AS VARCHAR)"
    if column.family is Family.NUMBER:
        values, value = tuple(number for number in map(_as_number, allowed) if number is not None), column.value
    marks = ", ".join("?" for _ in values) or "NULL"
    broken = f"{value} NOT IN ({marks})" if values else f"{value} IS NOT NULL"
    expected = describe_allowed(allowed)
    return _Check(column=column, rule=Rule.ALLOWED, expected=expected, broken=broken, values=values)


def _as_number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _count(database: Database, relation: Relation, checks: Sequence[_Check]) -> Iterator[tuple[_Check, int]]:
    for batch in batches(checks, _BATCH):
        counts = ", ".join(f"count_if({check.broken})" for check in batch)
        values = [value for check in batch for value in check.values]
        found = database.row(f"SELECT {counts} FROM {relation.source}", values)  # noqa: S608 - values are parameters
        yield from zip(batch, found, strict=True)


def _examples(database: Database, relation: Relation, check: _Check) -> tuple[str, ...]:
    """The bad values that most rows have, and of equally many rows the first in the alphabet."""
    if check.rule is Rule.NULLABLE:
        return ()
    rows = database.rows(
        f"SELECT left({check.column.text}, {TEXT_LIMIT}), count(*) FROM {relation.source} WHERE {check.broken} "  # noqa: S608 - as above
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {EXAMPLES}",
        check.values,
    )
    return tuple(str(value) for value, _ in rows)


def _violation(check: _Check, rows: int, examples: tuple[str, ...]) -> Violation:
    return Violation(column=check.column.name, rule=check.rule, expected=check.expected, rows=rows, examples=examples)


def _find_twice(database: Database, relation: Relation, column: Column) -> Violation | None:
    often = (
        f"(SELECT {column.value} AS value, min({column.text}) AS text, count(*) AS n FROM {relation.source} "  # noqa: S608 - as above
        "WHERE value IS NOT NULL GROUP BY 1 HAVING count(*) > 1)"
    )
    (rows,) = database.row(f"SELECT sum(n) FROM {often}")  # noqa: S608 - as above
    if not rows:
        return None
    first = f"SELECT left(text, {TEXT_LIMIT}) FROM {often} ORDER BY n DESC, text LIMIT {EXAMPLES}"  # noqa: S608 - as above
    examples = tuple(str(text) for (text,) in database.rows(first))
    return Violation(
        column=column.name, rule=Rule.UNIQUE, expected="there only once", rows=int(rows), examples=examples
    )
