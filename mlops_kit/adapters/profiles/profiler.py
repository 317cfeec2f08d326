"""The Profiler port by DuckDB."""

from collections.abc import Collection

from mlops_kit.adapters.profiles.column_profiles import profile_columns
from mlops_kit.adapters.profiles.csv_files import open_csv
from mlops_kit.adapters.profiles.engine import Database, Limits, open_database
from mlops_kit.adapters.profiles.folder import ENDINGS, check_regular
from mlops_kit.adapters.profiles.json_files import open_json_lines
from mlops_kit.adapters.profiles.offenders import find_offenders
from mlops_kit.adapters.profiles.parquet_files import open_parquet
from mlops_kit.adapters.profiles.parts import each_part
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.core.drift.profile import DataProfile, DataSet, TableFormat, table_format
from mlops_kit.core.drift.schema import DataSchema, Violation
from mlops_kit.core.errors import InputError, Location


class DuckProfiler:
    """Reads tables within `limits`; each call has a DuckDB of its own, which leaves nothing behind."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def profile(self, data: DataSet, *, columns: Collection[str] | None = None) -> DataProfile:
        """What a data set holds; see the port."""
        kind = check_files(data)
        with open_database(data, self._limits) as database:
            relation = open_relation(database, data, kind)
            parts = [profile_columns(database, part) for part in each_part(database, relation, columns)]
            return DataProfile(
                source=data,
                format=kind,
                rows=parts[0].rows,
                columns=tuple(column for part in parts for column in part.columns),
                sampled=max(part.sampled for part in parts),
                delimiter=relation.delimiter,
                encoding=relation.encoding,
            )

    def find_offenders(self, data: DataSet, schema: DataSchema) -> tuple[Violation, ...]:
        """The rules that rows break, with examples; see the port."""
        if not schema.columns:
            return ()
        kind = check_files(data)
        with open_database(data, self._limits) as database:
            return find_offenders(database, open_relation(database, data, kind), schema)


def check_files(data: DataSet) -> TableFormat:
    """The one format of the files; InputError where there is none, or several, or a file is no regular one."""
    if not data.files:
        raise InputError("has no file", location=Location(file=data.name))
    kinds = {file: table_format(file.name) for file in data.files}
    for file, kind in kinds.items():
        check_regular(file)
        if kind is None:
            raise InputError("is no table by its name", hint=ENDINGS, location=Location(file=file.name))
    first = kinds[data.files[0]]
    other = next((file for file, kind in kinds.items() if kind is not first), None)
    if first is None or other is not None:
        message = f"holds files of several formats: {data.files[0].name}, {other.name if other else ''}"
        raise InputError(message, hint="name the files of one of them", location=Location(file=data.name))
    return first


def open_relation(database: Database, data: DataSet, kind: TableFormat) -> Relation:
    """The files as one table."""
    match kind:
        case TableFormat.CSV:
            return open_csv(database, data.files)
        case TableFormat.PARQUET:
            return open_parquet(database, data.files)
        case TableFormat.JSON_LINES:
            return open_json_lines(database, data.files)
