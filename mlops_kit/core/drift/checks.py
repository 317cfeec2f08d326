"""Data against its schema, as far as a profile tells; which rules rows have to be looked at for."""

from collections.abc import Iterable, Iterator

import numpy as np

from mlops_kit.core.drift.inference import column_type
from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, TableFormat
from mlops_kit.core.drift.schema import (
    EXAMPLES,
    Cell,
    ColumnRules,
    ColumnType,
    DataSchema,
    OtherColumns,
    Rule,
    Violation,
    describe_allowed,
    write_cell,
)


def check_profile(profile: DataProfile, schema: DataSchema) -> tuple[Violation, ...]:
    """Every rule that a profile alone shows to be broken; rows are counted and shown by `find_offenders`."""
    found = [*_check_table(profile, schema)]
    for name, rules in schema.columns.items():
        column = profile.find(name)
        if column is not None:
            found += _check_column(column, rules, profile.format)
        elif rules.required:
            found.append(Violation(column=name, rule=Rule.REQUIRED, expected="there", rows=profile.rows))
    return tuple(found)


def narrow(schema: DataSchema, profile: DataProfile) -> DataSchema:
    """The rules that rows may break, after what the profile says: often none, and then no row is looked at."""
    columns = {
        name: _narrow(column, rules, profile.format)
        for name, rules in schema.columns.items()
        if (column := profile.find(name))
    }
    return schema.model_copy(update={"columns": {name: rules for name, rules in columns.items() if rules is not None}})


def merge(coarse: Iterable[Violation], counted: Iterable[Violation]) -> tuple[Violation, ...]:
    """What both found, once each: as rows were counted, where they were."""
    found = {(violation.column, violation.rule): violation for violation in (*coarse, *counted)}
    return tuple(sorted(found.values(), key=lambda violation: (violation.column, violation.rule, violation.expected)))


def fits(column: ColumnProfile, expected: ColumnType, kind: TableFormat) -> bool:
    """Whether a column is what it must be; texts of a CSV file may look like numbers, and whole ones be real ones."""
    actual = column_type(column)
    if actual is None or actual is expected or {actual, expected} == {ColumnType.NUMBER, ColumnType.INTEGER}:
        return True
    return expected is ColumnType.TEXT and kind is TableFormat.CSV


def _check_table(profile: DataProfile, schema: DataSchema) -> Iterator[Violation]:
    if profile.rows < schema.min_rows:
        expected = f"at least {schema.min_rows:,}"
        yield Violation(column="", rule=Rule.MIN_ROWS, expected=expected, rows=profile.rows)
    if schema.other_columns is OtherColumns.REFUSED:
        for column in profile.columns:
            if column.name not in schema.columns:
                expected = "named by the schema"
                yield Violation(column=column.name, rule=Rule.OTHER_COLUMNS, expected=expected, rows=column.rows)


def _check_column(column: ColumnProfile, rules: ColumnRules, kind: TableFormat) -> Iterator[Violation]:
    if rules.type is not None and not fits(column, rules.type, kind):
        shown = tuple(column.counts)[:EXAMPLES]
        yield Violation(column=column.name, rule=Rule.TYPE, expected=rules.type, rows=column.present, examples=shown)
        return
    if column.missing and not rules.nullable:
        yield Violation(column=column.name, rule=Rule.NULLABLE, expected="there in each row", rows=column.missing)
    if rules.type is ColumnType.INTEGER and (fractions := _fractions(column)):
        yield Violation(column=column.name, rule=Rule.TYPE, expected=rules.type, examples=fractions)
    yield from _check_range(column, rules)
    yield from _check_values(column, rules)


def _check_range(column: ColumnProfile, rules: ColumnRules) -> Iterator[Violation]:
    if column.numbers is None:
        return
    least, most = column.numbers.minimum, column.numbers.maximum
    if rules.min is not None and least is not None and least < rules.min:
        expected = f"at least {write_cell(rules.min)}"
        yield Violation(column=column.name, rule=Rule.MIN, expected=expected, examples=(write_cell(least),))
    if rules.max is not None and most is not None and most > rules.max:
        expected = f"at most {write_cell(rules.max)}"
        yield Violation(column=column.name, rule=Rule.MAX, expected=expected, examples=(write_cell(most),))


def _check_values(column: ColumnProfile, rules: ColumnRules) -> Iterator[Violation]:
    whole = _knows_all(column)
    if rules.unique and whole and column.distinct < column.present:
        often = {value: count for value, count in column.counts.items() if count > 1}
        yield Violation(
            column=column.name,
            rule=Rule.UNIQUE,
            expected="there only once",
            rows=sum(often.values()),
            examples=tuple(often)[:EXAMPLES],
        )
    if rules.allowed is not None and (others := _others(column, rules.allowed)):
        yield Violation(
            column=column.name,
            rule=Rule.ALLOWED,
            expected=describe_allowed(rules.allowed),
            rows=sum(others.values()) if whole else None,
            examples=tuple(others)[:EXAMPLES],
        )


def _narrow(column: ColumnProfile, rules: ColumnRules, kind: TableFormat) -> ColumnRules | None:
    """The rules that are left, with the type by which values are read; None where nothing has to be looked at."""
    odd_type = rules.type is not None and (
        not fits(column, rules.type, kind)
        or (rules.type, column_type(column)) == (ColumnType.INTEGER, ColumnType.NUMBER)
    )
    broken = {violation.rule for violation in (*_check_range(column, rules), *_check_values(column, rules))}
    infinite = column.numbers is not None and column.numbers.infinite > 0
    left = {
        "nullable": rules.nullable or not column.missing,
        "min": rules.min if odd_type or infinite or Rule.MIN in broken else None,
        "max": rules.max if odd_type or infinite or Rule.MAX in broken else None,
        "allowed": rules.allowed if not _knows_all(column) or Rule.ALLOWED in broken else None,
    }
    narrowed = rules.model_copy(update=left)
    nothing = ColumnRules(type=rules.type, required=rules.required)
    return narrowed if odd_type or narrowed != nothing else None


def _fractions(column: ColumnProfile) -> tuple[str, ...]:
    if column.numbers is None:
        return ()
    sample = column.numbers.sample
    return tuple(write_cell(float(value)) for value in sample[sample != np.floor(sample)][:EXAMPLES])


def _others(column: ColumnProfile, allowed: tuple[Cell, ...]) -> dict[str, int]:
    words = {write_cell(value) for value in allowed}
    return {value: count for value, count in column.counts.items() if value not in words}


def _knows_all(column: ColumnProfile) -> bool:
    """Whether the counts are of all values of all rows."""
    return column.counted == column.present == sum(column.counts.values())
