"""Rows, columns and types of a Parquet file, from its footer alone: no data is read.

A footer is a stranger's: its length is checked before the library sees it, and what the library says of it is taken
for what is wrong with the file.
"""

import os
import struct
from typing import BinaryIO

from mlops_kit.core.errors import InputError
from mlops_kit.core.tables import COLUMN_LIMIT, Column, Table

FOOTER_LIMIT = 16 * 1024 * 1024
"""Bytes of the largest footer that is read."""
_CONTAINER_LIMIT = 1_000_000
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_TAIL_BYTES = 8
_ROWS_LIMIT = 2**53


def read_parquet(stream: BinaryIO) -> Table:
    """The table in a stream; InputError where it is no Parquet file."""
    _check_footer(stream)
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(
            stream,
            pre_buffer=False,
            thrift_string_size_limit=FOOTER_LIMIT,
            thrift_container_size_limit=_CONTAINER_LIMIT,
        )
        rows, schema = int(file.metadata.num_rows), file.schema_arrow
        columns = tuple(Column(name=field.name, type=str(field.type)) for field in schema)
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"is no Parquet file: {_first_line(error)}") from error
    _check_columns(columns)
    if not 0 <= rows < _ROWS_LIMIT:
        raise InputError(f"is no Parquet file: it says that it has {rows} rows")
    return Table(rows=rows, columns=columns)


def _check_footer(stream: BinaryIO) -> None:
    """Look at the file's ends (https://parquet.apache.org/docs/file-format): where they are wrong, so is the rest."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    start = stream.read(len(_MAGIC))
    stream.seek(max(0, size - _TAIL_BYTES))
    tail = stream.read(_TAIL_BYTES)
    stream.seek(0)
    if _ENCRYPTED in {start, tail[-4:]}:
        raise InputError("is encrypted")
    if size < _TAIL_BYTES + len(_MAGIC) or start != _MAGIC or tail[-4:] != _MAGIC:
        raise InputError("is no Parquet file, or it was cut short")
    (length,) = struct.unpack("<I", tail[:4])
    if length > min(FOOTER_LIMIT, size - _TAIL_BYTES - len(_MAGIC)):
        raise InputError(f"its footer claims {length:,} bytes; at most {FOOTER_LIMIT:,} of the file are read")


def _check_columns(columns: tuple[Column, ...]) -> None:
    if len(columns) > COLUMN_LIMIT:
        raise InputError(f"has {len(columns):,} columns; at most {COLUMN_LIMIT:,} are looked into")
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise InputError(f"the column {column.name[:100]!r} stands twice in the schema")
        seen.add(column.name)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
