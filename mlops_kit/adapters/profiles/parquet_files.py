"""Parquet files as one table: what their footers say."""

from collections.abc import Sequence

from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.names import check_names, check_same_names
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.adapters.tables.parquet_file import read_parquet
from mlops_kit.core.drift.profile import DataFile, TableFormat
from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.tables import Column


def open_parquet(database: Database, files: Sequence[DataFile]) -> Relation:
    """The table in Parquet files; where a column has several types, the one that holds them all."""
    footers = [_read_footer(file) for file in files]
    names = tuple(column.name for column in footers[0])
    for file, footer in zip(files[1:], footers[1:], strict=True):
        check_same_names([column.name for column in footer], file, names, files[0])
    alike = all(footer == footers[0] for footer in footers)
    aliases = ", ".join(f"c{number}" for number in range(len(names)))
    paths = ", ".join(database.path(file) for file in files)
    source = f"read_parquet([{paths}]{'' if alike else ', union_by_name = true'}) AS t({aliases})"
    types = tuple(row[1] for row in database.rows(f"DESCRIBE FROM {source}"))
    return Relation(format=TableFormat.PARQUET, source=source, names=names, types=types)


def _read_footer(file: DataFile) -> tuple[Column, ...]:
    try:
        with file.place.open("rb") as stream:
            columns = read_parquet(stream).columns
    except InputError as error:
        hint = "fetch or write the file again"
        raise InputError(str(error), hint=hint, location=Location(file=file.name)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", location=Location(file=file.name)) from error
    check_names([column.name for column in columns], file)
    return columns
