"""CSV files as one table: what their first rows say of encoding, delimiter and header."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.names import check_names, check_same_names
from mlops_kit.adapters.profiles.opening import is_packed, open_unpacked
from mlops_kit.adapters.profiles.relation import Relation, literal
from mlops_kit.core.drift.profile import DataFile, TableFormat
from mlops_kit.core.errors import InputError, Location

HEAD_BYTES = 8 * 1024 * 1024
"""Bytes of a file's start that are looked at; the header is in them."""
_LOOKED_AT = 50
_DELIMITERS = (",", ";", "\t", "|")
_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
_OTHER = "latin-1"


@dataclass(frozen=True, kw_only=True)
class Head:
    """How one file is written, and its header."""

    names: tuple[str, ...]
    delimiter: str
    encoding: str
    packed: bool
    blank_lines: int


def open_csv(database: Database, files: Sequence[DataFile]) -> Relation:
    """The table in CSV files; InputError where they are not all written in one way."""
    heads = [(file, read_head(file)) for file in files]
    first = heads[0][1]
    for file, head in heads[1:]:
        _check_like(file, head, files[0], first)
    parts = [
        _source(database, [file for file, head in heads if (head.packed, head.blank_lines) == way], first, way)
        for way in sorted({(head.packed, head.blank_lines) for _, head in heads})
    ]
    return Relation(
        format=TableFormat.CSV,
        source=parts[0] if len(parts) == 1 else f"({' UNION ALL '.join(f'FROM {part}' for part in parts)})",
        names=first.names,
        delimiter=first.delimiter,
        encoding=first.encoding,
    )


def read_head(file: DataFile) -> Head:
    """How a file is written; InputError where it is empty, no text, or its header has a name twice."""
    with open_unpacked(file) as stream:
        data = stream.read(HEAD_BYTES)
    encoding, codec = _encoding(data)
    text = _decode(data, codec, file)
    body = text.lstrip("\r\n")
    if not body.strip():
        raise InputError("is empty: not even a header", location=Location(file=file.name))
    delimiter = _delimiter(body, tabs=file.name.lower().removesuffix(".gz").endswith(".tsv"))
    header = next(_records(body, delimiter), [])
    check_names(header, file)
    blank = text[: len(text) - len(body)].replace("\r\n", "\n")
    return Head(
        names=tuple(header), delimiter=delimiter, encoding=encoding, packed=is_packed(file), blank_lines=len(blank)
    )


def _encoding(data: bytes) -> tuple[str, str]:
    """DuckDB's word and Python's for the encoding: the mark's, else UTF-8 where that fits, else Latin-1."""
    for mark, encoding, codec in _MARKS:
        if data.startswith(mark):
            return encoding, codec
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return _OTHER, _OTHER
    return "utf-8", "utf-8"


def _decode(data: bytes, codec: str, file: DataFile) -> str:
    try:
        text = codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError as error:
        raise InputError(f"is not {codec}", location=Location(file=file.name)) from error
    header = text.lstrip("\r\n").partition("\n")[0]
    if "\0" in header:
        raise InputError("has a NUL character: this is no text", location=Location(file=file.name, line=1))
    return text


def _delimiter(text: str, *, tabs: bool) -> str:
    """The delimiter that cuts the first rows alike and into the most fields; of several, the likelier one."""
    order = sorted(_DELIMITERS, key=lambda delimiter: delimiter != ("\t" if tabs else ","))
    return max(order, key=lambda delimiter: _fitness(text, delimiter))


def _fitness(text: str, delimiter: str) -> tuple[bool, int]:
    widths = [len(record) for record, _ in zip(_records(text, delimiter), range(_LOOKED_AT), strict=False) if record]
    # The last record may be cut where the file is longer than its head.
    alike = len(set(widths[:-1] or widths)) == 1
    return alike and widths[0] > 1, widths[0] if widths else 0


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(HEAD_BYTES)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _check_like(file: DataFile, head: Head, first_file: DataFile, first: Head) -> None:
    place, other = Location(file=file.name), first_file.name
    if head.delimiter != first.delimiter and len(head.names) > 1 < len(first.names):
        message = f"is delimited by {_WORDS[head.delimiter]}, {other} by {_WORDS[first.delimiter]}"
        raise InputError(message, hint="write all files with one delimiter", location=place)
    check_same_names(head.names, file, first.names, first_file)
    if head.encoding != first.encoding:
        message = f"is written in {head.encoding}, {other} in {first.encoding}"
        raise InputError(message, hint="write all files in one encoding, best UTF-8", location=place)


def _source(database: Database, files: Sequence[DataFile], head: Head, way: tuple[bool, int]) -> str:
    packed, blank_lines = way
    options = {
        "auto_detect": "false",
        "header": "true",
        "delim": literal(head.delimiter),
        "quote": "'\"'",
        "escape": "'\"'",
        "encoding": literal(head.encoding),
        "compression": "'gzip'" if packed else "'none'",
        "columns": "{" + ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(head.names))) + "}",
    } | ({"skip": str(blank_lines)} if blank_lines else {})
    paths = ", ".join(database.path(file) for file in files)
    return f"read_csv([{paths}], {', '.join(f'{name} = {value}' for name, value in options.items())})"
