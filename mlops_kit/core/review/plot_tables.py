"""The rows of a plot's file as columns: CSV, TSV, JSON, YAML and TOML, by the rules that DVC finds rows by.

What a file lacks is told with its line; a file that is no table raises InputError.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from mlops_kit.core.documents import parse_json, parse_toml, parse_yaml
from mlops_kit.core.documents.text import decode
from mlops_kit.core.errors import InputError, Location

SOURCE_LIMIT = 8 * 1024 * 1024
"""Bytes of the largest file that points are read from."""
COLUMN_LIMIT = 1_000
_FIELD_LIMIT = 128 * 1024
_DELIMITERS = {"csv": ",", "tsv": "\t"}
_PARSERS = {"json": parse_json, "toml": parse_toml, "yaml": parse_yaml, "yml": parse_yaml}


class Gap(Enum):
    """What stands where a row has no value."""

    GAP = "gap"


GAP: Final = Gap.GAP


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns by name, all of `length` cells. `last` is the column that is shown where nobody names one."""

    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)
    length: int = 0
    last: str = ""
    notes: tuple[str, ...] = ()


_EMPTY = Table(notes=("the file is empty",))


def parse_table(data: bytes, *, path: str, header: bool = True) -> Table:
    """The table that a file holds; InputError with the place where it holds none."""
    ending = path.rpartition("/")[2].rpartition(".")[2].lower()
    if ending not in {*_DELIMITERS, *_PARSERS}:
        raise InputError("plots are read from CSV, TSV, JSON, YAML, TOML and images", location=Location(file=path))
    if len(data) > SOURCE_LIMIT:
        raise InputError(f"larger than {SOURCE_LIMIT // 1024**2} MiB", location=Location(file=path))
    if not data.strip():
        return _EMPTY
    if ending in _DELIMITERS:
        return _parse_lines(data, path, delimiter=_DELIMITERS[ending], header=header)
    return _parse_tree(_PARSERS[ending](data, file=path).value)


def _parse_lines(data: bytes, path: str, *, delimiter: str, header: bool) -> Table:
    text = decode(data, file=path).replace("\r\n", "\n").replace("\r", "\n")
    csv.field_size_limit(_FIELD_LIMIT)  # it is the process's, and SciPy lifts it for good
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        numbered = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        place = Location(file=path, line=max(reader.line_num, 1))
        raise InputError(f"not {path.rpartition('.')[2].upper()}: {error}", location=place) from error
    if not numbered:
        return _EMPTY
    names = numbered.pop(0)[1] if header else [str(number) for number in range(len(numbered[0][1]))]
    if len(names) > COLUMN_LIMIT:
        raise InputError(f"has {len(names)} columns, more than {COLUMN_LIMIT}", location=Location(file=path, line=1))
    return Table(
        columns={name: _column(numbered, place) for place, name in enumerate(names)},
        length=len(numbered),
        last=names[-1],
        notes=tuple(_complaints(names, numbered)),
    )


def _column(rows: list[tuple[int, list[str]]], place: int) -> list[object]:
    return [row[place] if place < len(row) else GAP for _, row in rows]


def _complaints(names: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[str]:
    if not rows:
        yield "there are no rows below the header"
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"column {twice[0]!r} stands twice: the last one is read"
    if len(names) == 1 and ";" in names[0]:
        yield "columns are separated by semicolons, which DVC does not read"
    ragged = [(line, row) for line, row in rows if len(row) != len(names)]
    if ragged:
        line, row = ragged[0]
        others = f", and {len(ragged) - 1} more such rows" if len(ragged) > 1 else ""
        yield f"line {line} has {_fields(len(row))}, the header has {len(names)}{others}"


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number} fields"


def _parse_tree(value: object) -> Table:
    lists = [found for found in _lists(value) if found]
    rows = [found for found in lists if _is_rows(found)]
    if not rows:
        return Table(notes=(_why_no_rows(lists),))
    columns: dict[str, list[object]] = {}
    length = max(len(found) for found in rows)
    for found in rows:
        for key in found[0]:
            if len(columns) == COLUMN_LIMIT:
                break
            _fill(columns.setdefault(str(key), [GAP] * length), found, key)
    return Table(columns=columns, length=length, last=_last_key(lists))


def _fill(column: list[object], rows: list[Mapping[object, object]], key: object) -> None:
    for number, row in enumerate(rows):
        if key in row:
            column[number] = row[key]


def _lists(value: object) -> Iterator[list[Mapping[object, object]]]:
    """The lists of a document: itself, or those inside of its mappings (dvc/render/converter/vega.py, _lists)."""
    match value:
        case list():
            yield value
        case dict():
            for part in value.values():
                yield from _lists(part) if isinstance(part, dict | list) else ()
        case _:
            return


def _is_rows(found: list[Mapping[object, object]]) -> bool:
    """Whether all items are mappings, none with a key that the first one lacks."""
    if not all(isinstance(row, dict) for row in found):
        return False
    first = found[0].keys()
    return bool(first) and all(row.keys() <= first for row in found)


def _why_no_rows(lists: list[list[Mapping[object, object]]]) -> str:
    for found in lists:
        if all(isinstance(row, dict) for row in found):
            for number, row in enumerate(found, 1):
                if not row.keys() <= found[0].keys():
                    return f"row {number} has other keys than the first one, and DVC reads none of them then"
    return "there is no list of rows with columns"


def _last_key(lists: list[list[Mapping[object, object]]]) -> str:
    return next((str([*found[0]][-1]) for found in lists if all(isinstance(row, dict) and row for row in found)), "")
