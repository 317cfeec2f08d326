"""Which files of a path are a table: the path itself, or what a directory holds."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mlops_kit.core.drift.profile import DataFile, DataSet, table_format
from mlops_kit.core.errors import InputError, Location

FILE_LIMIT = 10_000
"""Files of the largest directory that is read as one table."""
ENDINGS = "tables end in .csv, .tsv, .parquet, .pq, .jsonl or .ndjson; .gz may follow"


def find_data(place: Path, *, name: str) -> DataSet:
    """The table at a path: a file, or every table file of a directory in the order of their names.

    Hidden files and files that are no tables are passed over, links are not followed. InputError where there is
    nothing, or nothing that is a table.
    """
    if not stat.S_ISDIR(_mode(place, name)):
        return DataSet(name=name, files=(DataFile(place=place, name=name),))
    files = tuple(sorted(_walk(place, name), key=lambda file: file.name))
    if not files:
        raise InputError("no table is in this directory", location=Location(file=name), hint=ENDINGS)
    return DataSet(name=name, files=files)


def check_regular(file: DataFile) -> None:
    """InputError where a file is a link, a pipe, a directory, or not there; nothing is opened."""
    mode = _mode(file.place, file.name)
    if stat.S_ISLNK(mode):
        hint = "name the file that it leads to"
        raise InputError("a symbolic link, which is not followed", location=Location(file=file.name), hint=hint)
    if not stat.S_ISREG(mode):
        raise InputError("not a regular file", location=Location(file=file.name))


def _mode(place: Path, name: str) -> int:
    try:
        return place.lstat().st_mode
    except FileNotFoundError as error:
        raise InputError("no such file or directory", location=Location(file=name)) from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", location=Location(file=name)) from error


def _walk(place: Path, name: str) -> Iterator[DataFile]:
    found = 0
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            path = Path(folder, file)
            if file.startswith(".") or table_format(file) is None:
                continue
            found += 1
            if found > FILE_LIMIT:
                raise InputError(f"more than {FILE_LIMIT:,} tables", location=Location(file=name))
            yield DataFile(place=path, name=f"{name.rstrip('/')}/{path.relative_to(place).as_posix()}")
