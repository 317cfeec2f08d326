"""A wide table in parts: what DuckDB needs to plan grows with the columns that it sees."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from mlops_kit.adapters.profiles.columns import batches
from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.relation import Relation

PART_COLUMNS = 500
"""Columns of a part, and of the widest table that is read as it lies."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some columns, by their numbers, of a table; all of them as a rule."""

    relation: Relation
    numbers: Sequence[int]

    @property
    def width(self) -> int:
        """Columns of the whole table: what of each may be kept depends on it."""
        return len(self.relation.names)


def each_part(database: Database, relation: Relation, wanted: Collection[str] | None) -> Iterator[Part]:
    """The wanted columns of a table; of a wide one so many at a time, copied to where DuckDB finds them at once."""
    numbers = relation.numbers(wanted)
    if len(relation.names) <= PART_COLUMNS or not numbers:
        yield Part(relation=relation, numbers=numbers)
        return
    for batch in batches(numbers, PART_COLUMNS):
        columns = ", ".join(f"c{number}" for number in batch)
        database.rows(f"CREATE OR REPLACE TEMP TABLE part AS SELECT {columns} FROM {relation.source}")  # noqa: S608 - no name or value of the data
        yield Part(relation=replace(relation, source="part"), numbers=batch)
