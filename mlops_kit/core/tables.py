"""Tables as values: which files are tables, and the rows and columns that one has.

Values only. Who reads a file, and within which bounds, stands in adapters.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mlops_kit.core.types import Digest

COLUMN_LIMIT = 20_000
"""Columns of the widest table that is looked into."""


class TableKind(StrEnum):
    """How a table is written."""

    CSV = "csv"
    PARQUET = "parquet"


_KINDS = {
    "csv": TableKind.CSV,
    "tsv": TableKind.CSV,
    "parquet": TableKind.PARQUET,
    "pq": TableKind.PARQUET,
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column and the type of what stands in it, in the words of the file's format."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a file holds: rows without the header, columns in their order, and its bytes.

    `error` says why it could not be looked into, with the row where one is wrong; all else is empty then.
    """

    rows: int | None = None
    columns: tuple[Column, ...] = ()
    size: int | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True, order=True)
class TableFile:
    """Where a table's bytes lie, a path below a folder; they count only where they are those of the digest.

    `name` is what the file is called where it is at home: in a cache it is called otherwise.
    """

    folder: Path
    path: str
    name: str
    kind: TableKind
    digest: Digest


def table_kind(path: str) -> TableKind | None:
    """What a file's name says that it is, None where that is no table."""
    return _KINDS.get(path.rpartition("/")[2].rpartition(".")[2].lower())
