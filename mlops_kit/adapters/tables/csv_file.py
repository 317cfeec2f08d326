"""Rows, columns and types of a CSV file, read once from start to end in little memory.

Whatever is wrong is an InputError that names the row; the header is row 1.
"""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from mlops_kit.adapters.tables.column_types import ColumnType, widen
from mlops_kit.core.errors import InputError
from mlops_kit.core.tables import COLUMN_LIMIT, Column, Table

LINE_LIMIT = 1024 * 1024
"""Characters of the longest line, and of the longest field; a header has one line."""
_BATCH_CELLS = 100_000
_BATCH_CHARACTERS = 8 * 1024 * 1024
_SEPARATORS = (",", ";", "\t", "|")


def read_csv(stream: BinaryIO, *, tabs: bool = False) -> Table:
    """The table in a stream; `tabs` says that tabs are likelier than commas. InputError with the row that is wrong."""
    csv.field_size_limit(LINE_LIMIT)
    lines = _Lines(stream)
    reader = _Rows(lines, _find_separator(lines.peek(), tabs=tabs))
    header = next(iter(reader), None)
    if header is None:
        raise InputError("is empty: not even a header")
    _check_header(header)
    types, rows = _infer(reader, len(header))
    columns = (Column(name=name, type=found.value) for name, found in zip(header, types, strict=True))
    return Table(rows=rows, columns=tuple(columns))


class _Lines(Iterator[str]):
    """The lines of a stream, none longer than the limit; `characters` counts what was handed out."""

    def __init__(self, stream: BinaryIO) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._ahead: str | None = None
        self.characters = 0

    def peek(self) -> str:
        """The next line, which stays the next one; empty at the end."""
        if self._ahead is None:
            self._ahead = self._read(row=1)
        return self._ahead

    def __next__(self) -> str:
        line, self._ahead = self._read() if self._ahead is None else self._ahead, None
        if not line:
            raise StopIteration
        self.characters += len(line)
        return line

    def _read(self, row: int | None = None) -> str:
        try:
            line = self._text.readline(LINE_LIMIT)
        except UnicodeDecodeError as error:
            raise _wrong("what is here or soon after is not UTF-8 text", row) from error
        if "\0" in line:
            raise _wrong("has a NUL character: this is no text", row)
        if len(line) >= LINE_LIMIT and line[-1] not in "\r\n":
            raise _wrong(f"has a line of more than {LINE_LIMIT:,} characters", row)
        return line


class _Rows:
    """The rows that are not blank, each with its number in the file, the header's first."""

    def __init__(self, lines: _Lines, separator: str) -> None:
        self.lines = lines
        self._reader = csv.reader(lines, delimiter=separator, strict=True)
        self.number = 0

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            self.number += 1
            try:
                row = next(self._reader, None)
            except csv.Error as error:
                raise _wrong(_explain(error), self.number) from error
            except InputError as error:
                raise _wrong(str(error), self.number) from error
            if row is None:
                return
            if row:
                yield row


def _wrong(message: str, row: int | None) -> InputError:
    return InputError(message if row is None else f"row {row}: {message}")


def _explain(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and never closed"
    if "field larger than" in text:
        return f"a field has more than {LINE_LIMIT:,} characters, or a quote is opened and not closed"
    return text


def _find_separator(header: str, *, tabs: bool) -> str:
    """The separator that gives the header the most columns; of several, the likelier one."""
    order = sorted(_SEPARATORS, key=lambda separator: separator != ("\t" if tabs else ","))
    return max(order, key=lambda separator: _count_fields(header, separator))


def _count_fields(line: str, separator: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=separator), []))
    except csv.Error:
        return 0


def _check_header(header: list[str]) -> None:
    if len(header) > COLUMN_LIMIT:
        raise _wrong(f"has {len(header):,} columns; at most {COLUMN_LIMIT:,} are looked into", 1)
    seen: set[str] = set()
    for name in header:
        if name in seen:
            raise _wrong(f"the column {name[:100]!r} stands twice in the header", 1)
        seen.add(name)


def _infer(reader: _Rows, width: int) -> tuple[list[ColumnType], int]:
    """The types of the columns, and the number of rows."""
    types, rows = [ColumnType.EMPTY] * width, 0
    for batch in _batches(reader, width):
        rows += len(batch)
        types = [widen(known, cells) for known, cells in zip(types, zip(*batch, strict=True), strict=True)]
    return types, rows


def _batches(reader: _Rows, width: int) -> Iterator[list[list[str]]]:
    size = max(1, _BATCH_CELLS // width)
    batch: list[list[str]] = []
    taken = reader.lines.characters
    for row in reader:
        if len(row) != width:
            raise _wrong(f"has {_fields(len(row))}, the header has {width}", reader.number)
        batch.append(row)
        if len(batch) >= size or reader.lines.characters - taken > _BATCH_CHARACTERS:
            yield batch
            batch, taken = [], reader.lines.characters
    if batch:
        yield batch


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number} fields"
