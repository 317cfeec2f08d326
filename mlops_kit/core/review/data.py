"""What a change does to the data that DVC tracks: files, sizes, and for tables rows and columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mlops_kit.core.review.cells import ROW_LIMIT, STRICT, Text, clip
from mlops_kit.core.review.tracked import DataPair, Tracked
from mlops_kit.core.tables import Table

Count = Annotated[int, Field(ge=0)] | None


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """A column of a table that differs; a type is empty where that side has no such column."""

    name: Text
    old: Text = ""
    new: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class DataRow:
    """An out or a `.dvc` file whose content differs. `old` and `new` are digests, empty where that side has none.

    Bytes, files and table rows are None where they are not known; `files` is 1 for a file. Of a folder, `added_files`,
    `removed_files` and `changed_files` count its files by their paths; the tables among a few are rows of their own.
    `columns` are those of a CSV or Parquet file that differ; `note` says where the data was moved from, or why it could
    not be looked into.
    """

    path: Text
    change: Literal["new", "removed", "changed"]
    old: Text = ""
    new: Text = ""
    old_bytes: Count = None
    new_bytes: Count = None
    old_files: Count = None
    new_files: Count = None
    added_files: Count = None
    removed_files: Count = None
    changed_files: Count = None
    old_rows: Count = None
    new_rows: Count = None
    columns: Annotated[tuple[ColumnRow, ...], Field(max_length=ROW_LIMIT)] = ()
    note: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class Listings:
    """The files of a folder in base and head, relative path to hash."""

    old: Mapping[str, str]
    new: Mapping[str, str]

    @property
    def added(self) -> tuple[str, ...]:
        """The paths that only head has."""
        return tuple(sorted(self.new.keys() - self.old.keys()))

    @property
    def removed(self) -> tuple[str, ...]:
        """The paths that only base has."""
        return tuple(sorted(self.old.keys() - self.new.keys()))

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths whose bytes differ."""
        return tuple(sorted(path for path in self.old.keys() & self.new.keys() if self.old[path] != self.new[path]))


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What was found inside of data that differs: the files of a folder, or a table of each side; and why not more."""

    listings: Listings | None = None
    old: Table | None = None
    new: Table | None = None
    note: str = ""


def data_row(pair: DataPair, contents: Contents) -> DataRow:
    """How one path differs, with what was found inside."""
    found = contents.listings
    return DataRow(
        path=clip(pair.path),
        change=pair.change,
        old=_digest(pair.old),
        new=_digest(pair.new),
        old_bytes=_bytes(pair.old, contents.old),
        new_bytes=_bytes(pair.new, contents.new),
        old_files=_files(pair.old, found.old if found else None),
        new_files=_files(pair.new, found.new if found else None),
        added_files=len(found.added) if found else None,
        removed_files=len(found.removed) if found else None,
        changed_files=len(found.changed) if found else None,
        old_rows=contents.old.rows if contents.old else None,
        new_rows=contents.new.rows if contents.new else None,
        columns=_columns(contents.old, contents.new),
        note=clip("; ".join(_notes(pair, contents))),
    )


def _digest(side: Tracked | None) -> str:
    return clip(str(side.digest)) if side and side.digest else ""


def _bytes(side: Tracked | None, table: Table | None) -> int | None:
    known = side.bytes if side else None
    return table.size if known is None and table else known


def _files(side: Tracked | None, listing: Mapping[str, str] | None) -> int | None:
    if side is None or side.digest is None:
        return None
    if not side.digest.is_directory:
        return 1 if side.files is None else side.files
    return len(listing) if side.files is None and listing is not None else side.files


def _columns(old: Table | None, new: Table | None) -> tuple[ColumnRow, ...]:
    """The columns that differ, in the order of head, then what is gone; nothing where a side has no table."""
    if old is None or new is None or old.error or new.error:
        return ()
    before = {column.name: column.type for column in old.columns}
    after = {column.name: column.type for column in new.columns}
    names = (name for name in {**after, **before} if before.get(name) != after.get(name))
    return tuple(
        ColumnRow(name=clip(name), old=clip(before.get(name, "")), new=clip(after.get(name, ""))) for name in names
    )[:ROW_LIMIT]


def _notes(pair: DataPair, contents: Contents) -> Iterator[str]:
    if pair.moved_from:
        yield f"moved from {pair.moved_from}"
    if pair.new and not pair.new.digest:
        yield "head does not record what it holds: the stage has not run"
    if contents.note:
        yield contents.note
    for side, table in (("base", contents.old), ("head", contents.new)):
        if table and table.error:
            yield f"{side}: {table.error}"
