"""The Profiler port by DuckDB."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mlops_kit.adapters.profiles.columns import Column, find_columns
from mlops_kit.adapters.profiles.csv_files import open_csv
from mlops_kit.adapters.profiles.engine import Database, Limits, open_database
from mlops_kit.adapters.profiles.folder import check_regular
from mlops_kit.adapters.profiles.json_files import open_json_lines
from mlops_kit.adapters.profiles.offenders import find_offenders
from mlops_kit.adapters.profiles.parquet_files import open_parquet
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.adapters.profiles.sampling import (
    COUNTED_IN_ALL,
    Sampled,
    count_distinct,
    count_values,
    counts_limit,
    sample_columns,
)
from mlops_kit.adapters.profiles.statistics import Counted, count_columns
from mlops_kit.core.drift.profile import (
    ColumnProfile,
    DataProfile,
    DataSet,
    Family,
    Numbers,
    TableFormat,
    table_format,
)
from mlops_kit.core.drift.schema import DataSchema, Violation
from mlops_kit.core.errors import InputError, Location

_COUNTABLE = frozenset({Family.NUMBER, Family.BOOLEAN, Family.TEXT, Family.MOMENT})
_NEARLY_ALL = 0.9
_DIGITS = 10


class DuckProfiler:
    """Reads tables within `limits`; each call has a DuckDB of its own, which leaves nothing behind."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def profile(self, data: DataSet, *, columns: Collection[str] | None = None) -> DataProfile:
        """What a data set holds; see the port."""
        kind = check_files(data)
        with open_database(data, self._limits) as database:
            relation = open_relation(database, data, kind)
            found = find_columns(database, relation, relation.numbers(columns))
            return _profile(database, data, relation, found)

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
            hint = "tables end in .csv, .tsv, .parquet, .pq, .jsonl or .ndjson; .gz may follow"
            raise InputError("is no table by its name", hint=hint, location=Location(file=file.name))
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


def _profile(database: Database, data: DataSet, relation: Relation, columns: Sequence[Column]) -> DataProfile:
    rows, counted = count_columns(database, relation, columns)
    countable = [found.column for found in counted if found["present"] and found.column.family in _COUNTABLE]
    sampled, samples = sample_columns(database, relation, countable, rows=rows)
    distinct: dict[int, int] = {}
    if sampled < rows and len(relation.names) <= COUNTED_IN_ALL:
        few = [found.column for found in counted if found.column.number in samples and _has_few(found, relation)]
        for number, counts in count_values(database, relation, few).items():
            samples[number] = replace(samples[number], counts=counts)
        distinct = count_distinct(database, relation, [found.column for found in counted if _may_be_key(found)])
    return DataProfile(
        source=data,
        format=relation.format,
        rows=rows,
        columns=tuple(
            _column(found, rows, samples.get(found.column.number, Sampled()), distinct.get(found.column.number))
            for found in counted
        ),
        sampled=sampled,
        delimiter=relation.delimiter,
        encoding=relation.encoding,
    )


def _has_few(found: Counted, relation: Relation) -> bool:
    return bool(found.values.get("distinct", 0) <= counts_limit(len(relation.names)))


def _may_be_key(found: Counted) -> bool:
    """Whether it could name rows: whole numbers or texts, nearly all different."""
    is_key = found.column.family is Family.TEXT or bool(found.values.get("whole"))
    return is_key and found["present"] > 1 and bool(found["distinct"] >= _NEARLY_ALL * found["present"])


def _column(found: Counted, rows: int, sample: Sampled, distinct: int | None) -> ColumnProfile:
    column, present = found.column, found["present"]
    moments = column.family is Family.MOMENT
    return ColumnProfile(
        name=column.name,
        type="BIGINT" if found.values.get("whole") and not column.is_said else column.type,
        family=column.family if present else Family.EMPTY,
        rows=rows,
        missing=rows - present,
        distinct=_distinct(found, sample) if distinct is None else distinct,
        numbers=_numbers(found, sample) if column.family is Family.NUMBER and present else None,
        counts=sample.counts.values,
        counted=sample.counts.total,
        earliest=_moment(found["minimum"]) if moments else None,
        latest=_moment(found["maximum"]) if moments else None,
        mean_length=found.values.get("length"),
    )


def _distinct(found: Counted, sample: Sampled) -> int:
    if sample.counts.total == found["present"] > 0:
        return sample.counts.distinct
    return min(int(found["present"]), int(found.values.get("distinct", 0)))


def _numbers(found: Counted, sample: Sampled) -> Numbers:
    scale = max(abs(found["minimum"] or 0.0), abs(found["maximum"] or 0.0), 1.0)
    scaled = sample.numbers / scale
    return Numbers(
        minimum=found["minimum"],
        maximum=found["maximum"],
        mean=_rounded(found["mean"], scale * np.mean(scaled) if scaled.size else None),
        deviation=_rounded(
            found["deviation"] if found["finite"] != 1 else 0.0, scale * np.std(scaled) if scaled.size else None
        ),
        infinite=found["present"] - found["finite"],
        sample=sample.numbers,
    )


def _rounded(value: float | None, otherwise: np.floating[Any] | None) -> float | None:
    """Rounded to what does not depend on the order in which two threads add; the sample's where a sum overflows."""
    if value is None or np.isfinite(value):
        return value if value is None else float(f"{value:.{_DIGITS}g}")
    return None if otherwise is None or not np.isfinite(otherwise) else float(otherwise)


def _moment(text: str | None) -> datetime | None:
    """A moment, UTC where nothing else is said; None where Python's calendar does not have it."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
