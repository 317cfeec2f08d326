"""An even sample of rows, the same ones each time; what is counted in it, and what of few values in all rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlops_kit.adapters.profiles.columns import Column, batches
from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.core.drift.profile import (
    COUNTED_VALUES,
    KEPT_VALUES,
    SAMPLE_CELLS,
    SAMPLE_ROWS,
    TEXT_LIMIT,
    Family,
    Floats,
)

COUNTED_IN_ALL = 500
"""Columns of the widest table whose values are counted in all rows."""
_BATCH = 250
_CELLS = 2_000_000
_HISTOGRAMS = 50
_KEYS = 8
_KEPT_COUNTS = 1_000_000
_RANGE = 2**32


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How often the most frequent values are there; how many values, and different ones, there are in all."""

    values: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    distinct: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """What the sample says of a column: its sorted finite numbers, and the counts of its values."""

    numbers: Floats = field(default_factory=lambda: np.empty(0))
    counts: Counts = Counts()


def counts_limit(columns: int) -> int:
    """How many values of a column are counted: fewer where there are very many columns."""
    return max(100, min(COUNTED_VALUES, _KEPT_COUNTS // max(1, columns)))


def kept_limit(columns: int) -> int:
    """How many counts of a column that is counted in the sample are kept."""
    return max(100, min(KEPT_VALUES, _KEPT_COUNTS // max(1, columns)))


def sample_limit(columns: int) -> int:
    """Rows of the sample of a table with so many columns."""
    return min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, columns))


def sample_columns(
    database: Database, relation: Relation, columns: Sequence[Column], *, rows: int
) -> tuple[int, dict[int, Sampled]]:
    """How many rows the sample has, and what it says of each column."""
    limit = sample_limit(len(relation.names))
    found: dict[int, Sampled] = {}
    sampled = min(rows, limit)
    for batch in batches(columns, _BATCH):
        _draw(database, relation, batch, _chosen(rows, limit))
        (sampled,) = database.row("SELECT count(*) FROM sample")
        numbers = _numbers(database, [column for column in batch if column.family is Family.NUMBER])
        for part in batches(batch, max(1, _CELLS // max(1, sampled))):
            counted = _counts_of_families(database, part, len(relation.names))
            for column in part:
                values = numbers.get(column.number, np.empty(0))
                found[column.number] = Sampled(numbers=values, counts=counted.get(column.number, Counts()))
        database.rows("DROP TABLE sample")
    return sampled, found


def count_values(database: Database, relation: Relation, columns: Sequence[Column]) -> dict[int, Counts]:
    """How often each value is there, in all rows; for columns of few distinct values."""
    found: dict[int, Counts] = {}
    for batch in batches(columns, _HISTOGRAMS):
        inner = ", ".join(f"{_short(column)} AS v{column.number}" for column in batch)
        outer = ", ".join(f"histogram(v{column.number}) AS h{column.number}" for column in batch)
        lists = ", ".join(f"map_keys(h{column.number}), map_values(h{column.number})" for column in batch)
        row = iter(database.row(f"SELECT {lists} FROM (SELECT {outer} FROM (SELECT {inner} FROM {relation.source}))"))  # noqa: S608 - no name or value of the data
        for column in batch:
            counts = {_word(value): count for value, count in zip(next(row) or (), next(row) or (), strict=True)}
            ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
            found[column.number] = Counts(values=ordered, total=sum(ordered.values()), distinct=len(ordered))
    return found


def count_distinct(database: Database, relation: Relation, columns: Sequence[Column]) -> dict[int, int]:
    """The exact number of distinct values; for columns that may have another one in each row."""
    counted: dict[int, int] = {}
    for batch in batches(columns, _KEYS):
        inner = ", ".join(f"{column.value} AS v{column.number}" for column in batch)
        outer = ", ".join(f"count(DISTINCT v{column.number})" for column in batch)
        found = database.row(f"SELECT {outer} FROM (SELECT {inner} FROM {relation.source})")  # noqa: S608 - as above
        counted |= {column.number: count for column, count in zip(batch, found, strict=True)}
    return counted


def _chosen(rows: int, limit: int) -> str:
    """SQL: whether a row is in the sample, by its number alone: a hash of it is below a bound."""
    if rows <= limit:
        return "true"
    bound = int((limit - 4 * limit**0.5) / rows * _RANGE)  # so that chance does not lead over the limit
    once = f"((row & {_RANGE - 1}) * 73244475 & {_RANGE - 1})"
    mixed = f"(xor({once}, {once} >> 16) * 73244475 & {_RANGE - 1})"
    return f"xor({mixed}, {mixed} >> 16) < {bound}"


def _draw(database: Database, relation: Relation, columns: Sequence[Column], chosen: str) -> None:
    names = ", ".join(f"c{column.number}" for column in columns)
    values = ", ".join(f"{_short(column)} AS v{column.number}" for column in columns)
    database.rows(
        f"CREATE TEMP TABLE sample AS SELECT {values} FROM "  # noqa: S608 - no name or value of the data
        f"(SELECT {names}, row_number() OVER () AS row FROM {relation.source}) WHERE {chosen}"
    )


def _short(column: Column) -> str:
    match column.family:
        case Family.TEXT:
            return f"left({column.value}, {TEXT_LIMIT})"
        case Family.BOOLEAN | Family.MOMENT:
            return f"CAST({column.value} AS VARCHAR)"
        case _:
            return column.value


def _numbers(database: Database, columns: Sequence[Column]) -> dict[int, Floats]:
    if not columns:
        return {}
    arrays = database.arrays(f"SELECT {', '.join(f'v{column.number}' for column in columns)} FROM sample")  # noqa: S608 - as above
    values = {column.number: np.ma.compressed(arrays[f"v{column.number}"]) for column in columns}
    return {number: np.sort(found[np.isfinite(found)]) for number, found in values.items()}


def _counts_of_families(database: Database, columns: Sequence[Column], width: int) -> dict[int, Counts]:
    """The counts of a batch; of a number only few values matter, for numbers of many are judged by their sample."""
    texts = [column for column in columns if column.family is not Family.NUMBER]
    numbers = [column for column in columns if column.family is Family.NUMBER]
    return {
        number: counts
        for part, limit in ((texts, kept_limit(width)), (numbers, counts_limit(width)))
        if part
        for number, counts in _counts(database, part, limit).items()
    }


def _counts(database: Database, columns: Sequence[Column], limit: int) -> dict[int, Counts]:
    """How often each value is in the sample, the most frequent ones, and how many values there are in all."""
    texts = ", ".join(f"CAST(v{column.number} AS VARCHAR) AS v{column.number}" for column in columns)
    rows = database.rows(
        "SELECT name, value, n, total, distinct_values FROM (SELECT name, value, count(*) AS n, "  # noqa: S608 - as above
        "sum(count(*)) OVER (PARTITION BY name) AS total, count(*) OVER (PARTITION BY name) AS distinct_values, "
        "row_number() OVER (PARTITION BY name ORDER BY count(*) DESC, value) AS place FROM "
        f"(UNPIVOT (SELECT {texts} FROM sample) ON COLUMNS(*) INTO NAME name VALUE value) GROUP BY name, value) "
        f"WHERE place <= {limit} ORDER BY name, place"
    )
    numbers = {column.number for column in columns if column.family is Family.NUMBER}
    values: dict[int, dict[str, int]] = {}
    totals: dict[int, tuple[int, int]] = {}
    for name, value, count, total, distinct in rows:
        number = int(name[1:])
        totals[number] = int(total), int(distinct)
        values.setdefault(number, {})[_word(float(value)) if number in numbers else value] = count
    return {
        number: Counts(values=values[number], total=total, distinct=distinct)
        for number, (total, distinct) in totals.items()
    }


def _word(value: object) -> str:
    """A value as text; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
