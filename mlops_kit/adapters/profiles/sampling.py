"""An even sample of rows, the same ones each time; what is counted in it, and what of few values in all rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlops_kit.adapters.profiles.columns import Column
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

_BATCH = 500
_COUNTS_IN_ALL = 1_000_000
_RANGE = 2**32


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """What the sample says of a column; `exact` counts are of all rows."""

    numbers: Floats = field(default_factory=lambda: np.empty(0))
    counts: Mapping[str, int] = field(default_factory=dict)
    counted: int = 0
    exact: bool = False


def counts_limit(columns: int) -> int:
    """How many values of a column are counted: fewer where there are very many columns."""
    return max(100, min(COUNTED_VALUES, _COUNTS_IN_ALL // max(1, columns)))


def kept_limit(columns: int) -> int:
    """How many counts of a column that is counted in the sample are kept."""
    return max(100, min(KEPT_VALUES, _COUNTS_IN_ALL // max(1, columns)))


def sample_limit(columns: int) -> int:
    """Rows of the sample of a table with so many columns."""
    return min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, columns))


def sample_columns(
    database: Database, relation: Relation, columns: Sequence[Column], *, rows: int
) -> tuple[int, dict[int, Sampled]]:
    """How many rows the sample has, and what it says of each number and text."""
    limit = sample_limit(len(relation.names))
    found: dict[int, Sampled] = {}
    sampled = min(rows, limit)
    wanted = [column for column in columns if column.family in {Family.NUMBER, Family.TEXT}]
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        _draw(database, relation, batch, _chosen(rows, limit))
        (sampled,) = database.row("SELECT count(*) FROM sample")
        found |= _numbers(database, [column for column in batch if column.family is Family.NUMBER])
        texts = [column for column in batch if column.family is Family.TEXT]
        found |= {column.number: _texts(database, column, kept_limit(len(columns))) for column in texts}
        database.rows("DROP TABLE sample")
    return sampled, found


def count_values(database: Database, relation: Relation, columns: Sequence[Column]) -> dict[int, Sampled]:
    """How often each value is there, in all rows; for columns of few distinct values."""
    found: dict[int, Sampled] = {}
    for start in range(0, len(columns), _BATCH):
        batch = columns[start : start + _BATCH]
        inner = ", ".join(f"{_counted_value(column)} AS v{column.number}" for column in batch)
        outer = ", ".join(f"histogram(v{column.number}) AS h{column.number}" for column in batch)
        lists = ", ".join(f"map_keys(h{column.number}), map_values(h{column.number})" for column in batch)
        row = iter(database.row(f"SELECT {lists} FROM (SELECT {outer} FROM (SELECT {inner} FROM {relation.source}))"))  # noqa: S608 - no name or value of the data
        for column in batch:
            counts = Counter(dict(zip(map(_word, next(row) or ()), next(row) or (), strict=True)))
            found[column.number] = Sampled(counts=_sorted(counts), counted=counts.total(), exact=True)
    return found


def count_distinct(database: Database, relation: Relation, columns: Sequence[Column]) -> dict[int, int]:
    """The exact number of distinct values; for columns that may have another one in each row."""
    if not columns:
        return {}
    inner = ", ".join(f"{column.value} AS v{column.number}" for column in columns)
    outer = ", ".join(f"count(DISTINCT v{column.number})" for column in columns)
    found = database.row(f"SELECT {outer} FROM (SELECT {inner} FROM {relation.source})")  # noqa: S608 - as above
    return {column.number: count for column, count in zip(columns, found, strict=True)}


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
    return f"left({column.value}, {TEXT_LIMIT})" if column.family is Family.TEXT else column.value


def _counted_value(column: Column) -> str:
    return f"CAST({column.value} AS VARCHAR)" if column.family is Family.BOOLEAN else _short(column)


def _numbers(database: Database, columns: Sequence[Column]) -> Iterator[tuple[int, Sampled]]:
    if columns:
        arrays = database.arrays(f"SELECT {', '.join(f'v{column.number}' for column in columns)} FROM sample")  # noqa: S608 - as above
        for column in columns:
            values = np.ma.compressed(arrays[f"v{column.number}"])
            yield column.number, Sampled(numbers=np.sort(values[np.isfinite(values)]))


def _texts(database: Database, column: Column, limit: int) -> Sampled:
    value = f"v{column.number}"
    (counted,) = database.row(f"SELECT count({value}) FROM sample")  # noqa: S608 - as above
    rows = database.rows(
        f"SELECT {value}, count(*) FROM sample WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}"  # noqa: S608 - as above
    )
    return Sampled(counts=dict(rows), counted=counted)


def _word(value: Any) -> str:  # noqa: ANN401 - a number or a text
    """A value as text; whole numbers without a point."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
