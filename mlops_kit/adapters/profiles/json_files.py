"""JSON lines as one table: its columns are the keys of all rows, in the order in which they first come."""

import json
from collections.abc import Sequence
from itertools import islice

from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.names import COLUMN_LIMIT, check_names
from mlops_kit.adapters.profiles.opening import is_packed, open_unpacked
from mlops_kit.adapters.profiles.relation import Relation, literal
from mlops_kit.core.drift.profile import DataFile, TableFormat
from mlops_kit.core.errors import InputError, Location

_LINES_LOOKED_AT = 1_000_000


def open_json_lines(database: Database, files: Sequence[DataFile]) -> Relation:
    """The table in files of JSON lines; InputError where a row is no object or has a key twice."""
    objects = _objects(database, files)
    names = _read_names(database, files, objects)
    paths = ", ".join(literal(_pointer(name)) for name in names)
    columns = ", ".join(f"found[{number + 1}] AS c{number}" for number in range(len(names)))
    source = f"(SELECT {columns} FROM (SELECT json_extract(object, [{paths}]) AS found FROM {objects}))"  # noqa: S608 - paths are quoted
    return Relation(format=TableFormat.JSON_LINES, source=source, names=names)


def _objects(database: Database, files: Sequence[DataFile]) -> str:
    packed = {file: is_packed(file) for file in files}
    parts = [
        _reader(database, [file for file in files if packed[file] is gzip], "gzip" if gzip else "uncompressed")
        for gzip in sorted(set(packed.values()))
    ]
    return parts[0] if len(parts) == 1 else f"({' UNION ALL '.join(f'FROM {part}' for part in parts)})"


def _reader(database: Database, files: Sequence[DataFile], compression: str) -> str:
    paths = ", ".join(database.path(file) for file in files)
    return f"read_ndjson_objects([{paths}], compression = '{compression}') AS t(object)"


def _read_names(database: Database, files: Sequence[DataFile], objects: str) -> tuple[str, ...]:
    place = Location(file=files[0].name)
    rows = f"(SELECT object, json_keys(object) AS keys, row_number() OVER () AS row FROM {objects})"  # noqa: S608 - as above
    wrong = "min(row) FILTER (json_type(object) <> 'OBJECT'), min(row) FILTER (len(keys) <> len(list_distinct(keys)))"
    try:
        other, twice = database.row(f"SELECT {wrong} FROM {rows}")  # noqa: S608 - as above
    except InputError as error:
        raise _find_broken(files) or error from error
    if other is not None:
        raise InputError(f"row {other} is no object", hint="write an object in each line", location=place)
    if twice is not None:
        raise InputError(f"row {twice} has a key more than once", location=place)
    found = database.rows(
        "SELECT key FROM (SELECT row, unnest(keys) AS key, generate_subscripts(keys, 1) AS place "  # noqa: S608 - as above
        f"FROM {rows}) GROUP BY key ORDER BY min((row, place)) LIMIT {COLUMN_LIMIT + 1}"
    )
    if not found:
        raise InputError("is empty: not one row with a value", location=place)
    names = tuple(str(name) for (name,) in found)
    check_names(names, files[0])
    return names


def _find_broken(files: Sequence[DataFile]) -> InputError | None:
    """The first line that is no JSON, of those that are looked through: DuckDB says another one."""
    for file in files:
        with open_unpacked(file) as stream:
            for number, line in enumerate(islice(stream, _LINES_LOOKED_AT), start=1):
                try:
                    json.loads(line.strip() or b"{}")
                except (ValueError, RecursionError):
                    return InputError("is not JSON", location=Location(file=file.name, line=number))
    return None


def _pointer(name: str) -> str:
    """A key as a JSON pointer (RFC 6901), in which every name can be written."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
