"""The Profiler port by DuckDB."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mlops_kit.adapters.profiles.columns import Column, find_columns
from mlops_kit.adapters.profiles.csv_files import open_csv
from mlops_kit.adapters.profiles.engine import Database, Limits, open_database
from mlops_kit.adapters.profiles.folder import check_regular
from mlops_kit.adapters.profiles.json_files import open_json_lines
from mlops_kit.adapters.profiles.parquet_files import open_parquet
from mlops_kit.adapters.profiles.relation import Relation
from mlops_kit.adapters.profiles.sampling import Sampled, count_distinct, count_values, counts_limit, sample_columns
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
from mlops_kit.core.errors import InputError, Location

_NEARLY_ALL = 0.9
_DIGITS = 10


class DuckProfiler:
    """Reads tables within `limits`; each call has a DuckDB of its own, which leaves nothing behind."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self._limits = limits

    def profile(self, data: DataSet, *, columns: Collection[str] | None = None) -> DataProfile:
        """What a data set holds; see the port."""
        kind = check_files(data)
        with open_database(data.files, self._limits) as database:
            relation = open_relation(database, data, kind)
            found = find_columns(database, relation, relation.numbers(columns))
            return _profile(database, data, relation, found)


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
    limit = counts_limit(len(columns))
    few = [found.column for found in counted if _is_countable(found) and found.values.get("distinct", 0) <= limit]
    exact = count_values(database, relation, few)
    left = [
        found.column for found in counted if found.column.number not in exact or found.column.family is Family.NUMBER
    ]
    sampled, samples = sample_columns(database, relation, left, rows=rows)
    distinct = count_distinct(database, relation, [found.column for found in counted if _may_be_unique(found)])
    return DataProfile(
        source=data,
        format=relation.format,
        rows=rows,
        columns=tuple(_column(found, rows, samples, exact, distinct) for found in counted),
        sampled=sampled,
        delimiter=relation.delimiter,
        encoding=relation.encoding,
    )


def _is_countable(found: Counted) -> bool:
    return bool(found["present"]) and found.column.family in {Family.NUMBER, Family.BOOLEAN, Family.TEXT}


def _may_be_unique(found: Counted) -> bool:
    """Whether it could be a key: whole numbers or texts, nearly all different."""
    is_key = found.column.family is Family.TEXT or bool(found.values.get("whole"))
    return is_key and found["present"] > 1 and found["distinct"] >= _NEARLY_ALL * found["present"]


def _column(
    found: Counted,
    rows: int,
    samples: Mapping[int, Sampled],
    exact: Mapping[int, Sampled],
    distinct: Mapping[int, int],
) -> ColumnProfile:
    column, nothing = found.column, Sampled()
    sample = samples.get(column.number, nothing)
    counts = exact.get(column.number, sample)
    known = len(counts.counts) if counts.exact else found.values.get("distinct", 0)
    present = found["present"]
    return ColumnProfile(
        name=column.name,
        type="BIGINT" if found.values.get("whole") and not column.is_said else column.type,
        family=column.family if present else Family.EMPTY,
        rows=rows,
        missing=rows - present,
        distinct=min(present, distinct.get(column.number, known)),
        numbers=_numbers(found, sample) if column.family is Family.NUMBER and present else None,
        counts=counts.counts,
        counted=counts.counted,
        earliest=_moment(found.values.get("minimum")) if column.family is Family.MOMENT else None,
        latest=_moment(found.values.get("maximum")) if column.family is Family.MOMENT else None,
        mean_length=found.values.get("length"),
    )


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
