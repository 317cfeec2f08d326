"""Columns of a table as values: what was counted of all rows, together with what the sample says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from mlops_kit.adapters.profiles.columns import find_columns
from mlops_kit.adapters.profiles.counting import SQUARE_LIMIT, Counted, count_columns
from mlops_kit.adapters.profiles.engine import Database
from mlops_kit.adapters.profiles.parts import Part
from mlops_kit.adapters.profiles.sampling import (
    COUNTED_IN_ALL,
    Sampled,
    count_distinct,
    count_values,
    counts_limit,
    sample_columns,
)
from mlops_kit.core.drift.profile import ColumnProfile, Family, Numbers

_COUNTABLE = frozenset({Family.NUMBER, Family.BOOLEAN, Family.TEXT, Family.MOMENT})
_NEARLY_ALL = 0.9
_DIGITS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Profiled:
    """Columns of a table, how many rows it has, and how many of them are in the sample."""

    rows: int
    sampled: int
    columns: tuple[ColumnProfile, ...]


def profile_columns(database: Database, part: Part) -> Profiled:
    """What the columns of a part of a table hold."""
    columns = find_columns(database, part.relation, part.numbers)
    rows, counted = count_columns(database, part.relation, columns)
    countable = [found.column for found in counted if found["present"] and found.column.family in _COUNTABLE]
    sampled, samples = sample_columns(database, part.relation, countable, rows=rows)
    distinct: dict[int, int] = {}
    if sampled < rows and part.width <= COUNTED_IN_ALL:
        samples = _counted_in_all(database, part, counted, samples)
        distinct = count_distinct(database, part.relation, [found.column for found in counted if _may_be_key(found)])
    return Profiled(
        rows=rows,
        sampled=sampled,
        columns=tuple(
            _column(found, rows, samples.get(found.column.number, Sampled()), distinct.get(found.column.number))
            for found in counted
        ),
    )


def _counted_in_all(
    database: Database, part: Part, counted: Sequence[Counted], samples: dict[int, Sampled]
) -> dict[int, Sampled]:
    """The samples, with the values of columns of few different ones counted in all rows."""
    limit = counts_limit(part.width)
    few = [found for found in counted if found.column.number in samples and found.values.get("distinct", 0) <= limit]
    values = count_values(database, part.relation, [found.column for found in few])
    return samples | {number: replace(samples[number], counts=counts) for number, counts in values.items()}


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
    deviation = found["deviation"] if scale < SQUARE_LIMIT else math.inf
    return Numbers(
        minimum=found["minimum"],
        maximum=found["maximum"],
        mean=_rounded(found["mean"], scale * np.mean(scaled) if scaled.size else None),
        deviation=_rounded(
            deviation if found["finite"] != 1 else 0.0,
            scale * np.std(scaled, ddof=1) if scaled.size > 1 else None,
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
