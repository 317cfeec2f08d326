"""What a change does to the data that DVC tracks: files, sizes, and for tables rows and columns."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from mlops_kit.core.review.cells import ROW_LIMIT, STRICT, Text

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

    Bytes, files and table rows are None where they are not known; `files` is 1 for a file. `columns` are those of a
    CSV or Parquet file that differ; `note` says why a table could not be looked into.
    """

    path: Text
    change: Literal["new", "removed", "changed"]
    old: Text = ""
    new: Text = ""
    old_bytes: Count = None
    new_bytes: Count = None
    old_files: Count = None
    new_files: Count = None
    old_rows: Count = None
    new_rows: Count = None
    columns: Annotated[tuple[ColumnRow, ...], Field(max_length=ROW_LIMIT)] = ()
    note: Text = ""

    __pydantic_config__ = STRICT
