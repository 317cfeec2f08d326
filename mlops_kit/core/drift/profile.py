"""What a table holds, column by column: all that drift and validation are judged by.

Values only. Counts and extremes are of every row; distributions are of an even sample of rows, the same ones each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_ROWS = 50_000
"""Rows of the largest sample."""
SAMPLE_CELLS = 20_000_000
"""Cells of the largest sample: a table of many columns is sampled in fewer rows."""
COUNTED_VALUES = 1_000
"""A column with more distinct values than this is counted in the sample only."""
KEPT_VALUES = 20_000
"""Counts of a column that are kept, of its most frequent values."""
TEXT_LIMIT = 200
"""Characters of a value that are kept; longer ones are cut."""

Floats = NDArray[np.float64]


class TableFormat(StrEnum):
    """How the files of a data set are written."""

    CSV = "csv"
    PARQUET = "parquet"
    JSON_LINES = "json-lines"


class Family(StrEnum):
    """What the values of a column are, whatever the file's own word for them is."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    MOMENT = "moment"
    NESTED = "nested"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """Where the bytes of one file lie, and what it is called where it is at home (a cache names it by its digest)."""

    place: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A table in one or several files of one format, as it is told to people: a path, with a revision where known.

    `digest` is that of the DVC output; empty where the data is tracked by nobody.
    """

    name: str
    files: tuple[DataFile, ...]
    digest: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Numbers:
    """The finite values of a column: extremes, mean and standard deviation of all, and a sorted sample.

    All but `infinite` are None where no value is finite; the deviation is that of a sample (n - 1), 0 of one value.
    """

    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    infinite: int = 0
    sample: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def are_whole(self) -> bool:
        """Whether all numbers of the sample are whole."""
        return bool((self.sample == np.floor(self.sample)).all())


@dataclass(frozen=True, kw_only=True, eq=False)
class ColumnProfile:
    """A column. `missing` are nulls and not-a-numbers; `distinct` is approximate where it is large.

    `counts` tells rows by value, written as text: of all rows where `counted` equals the rows that are not missing,
    else of the sample, the most frequent values first; of more than 500 columns all are counted in the sample.
    Moments are UTC. `family` is EMPTY where no row has a value. `type` is the reader's own word for what stands there.
    """

    name: str
    type: str
    family: Family
    rows: int
    missing: int = 0
    distinct: int = 0
    numbers: Numbers | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    counted: int = 0
    earliest: datetime | None = None
    latest: datetime | None = None
    mean_length: float | None = None

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing

    @property
    def unkept(self) -> int:
        """Rows that were counted, of values whose counts were not kept."""
        return self.counted - sum(self.counts.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class DataProfile:
    """A table: its rows, its columns in their order, and how it was written (delimiter and encoding only of CSV)."""

    source: DataSet
    format: TableFormat
    rows: int
    columns: tuple[ColumnProfile, ...]
    sampled: int = 0
    delimiter: str = ""
    encoding: str = ""

    def find(self, name: str) -> ColumnProfile | None:
        """The column of a name."""
        return next((column for column in self.columns if column.name == name), None)


def table_format(name: str) -> TableFormat | None:
    """What a file's name says that it is, None where that is no table; a `.gz` after it is looked through."""
    ending = name.lower().removesuffix(".gz").rpartition("/")[2].rpartition(".")[2]
    return _FORMATS.get(ending)


_FORMATS = {
    "csv": TableFormat.CSV,
    "tsv": TableFormat.CSV,
    "parquet": TableFormat.PARQUET,
    "pq": TableFormat.PARQUET,
    "jsonl": TableFormat.JSON_LINES,
    "ndjson": TableFormat.JSON_LINES,
}
