"""Compares what scoring two models wrote: their metrics, and with scores by row how sure the differences are."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mlops_kit.core.errors import StageFailedError
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.bootstrap import FEWEST_ROWS, bootstrap_difference
from mlops_kit.core.review.cells import clip, portable
from mlops_kit.core.review.evaluation import LIMIT, ScoreRow
from mlops_kit.core.review.metrics import MetricFile, exact

_RELATIVE = 1e-6
"""How far a mean of float32 numbers may be from the metric that was computed of the same."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What scoring one model wrote; `rows` are the columns of scores by row, by the key of their metric."""

    files: tuple[MetricFile, ...]
    rows: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The metrics of both, and why some of them have no interval."""

    scores: tuple[ScoreRow, ...]
    notes: tuple[str, ...] = ()


def parse_rows(data: bytes, keys: Iterable[str], *, file: str) -> Mapping[str, tuple[float, ...]]:
    """The columns of a CSV file that are called as metrics; what is no number is NaN.

    StageFailedError where the file is no CSV with a header, or has rows of different lengths.
    """
    wanted = frozenset(keys)
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(reader, [])
        table = [row for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise StageFailedError(f"{file} is no CSV file in UTF-8: {str(error)[:100]}") from error
    uneven = next((number for number, row in enumerate(table, 1) if len(row) != len(header)), 0)
    if not header or uneven:
        wrong = f"row {uneven} has {len(table[uneven - 1])} of {len(header)} columns" if uneven else "it is empty"
        raise StageFailedError(f"{file} is no table: {wrong}")
    return {name: tuple(_number(row[at]) for row in table) for at, name in enumerate(header) if name in wanted}


def compare_scores(live: Scored, candidate: Scored) -> Compared:
    """A row for every metric of either, sorted; an interval where both have sound scores by row."""
    old, new = (dict(_values(side.files)) for side in (live, candidate))
    rows, notes = [], []
    for path, key in sorted({*old, *new}):
        row = ScoreRow(
            path=clip(path),
            key=clip(key),
            live=portable(old.get((path, key))),
            candidate=portable(new.get((path, key))),
        )
        wrong = _why_no_interval(row, live.rows.get(key), candidate.rows.get(key))
        rows.append(_with_interval(row, live.rows[key], candidate.rows[key]) if wrong is None else row)
        notes += [clip(f"{key} has no interval: {wrong}")] if wrong else []
    lost = len(rows) - LIMIT
    notes += [f"{lost} metrics are left out"] if lost > 0 else []
    return Compared(scores=tuple(rows[:LIMIT]), notes=tuple(notes[:LIMIT]))


def _with_interval(row: ScoreRow, live: tuple[float, ...], candidate: tuple[float, ...]) -> ScoreRow:
    found = bootstrap_difference(live, candidate)
    return ScoreRow(
        path=row.path,
        key=row.key,
        live=row.live,
        candidate=row.candidate,
        low=found.low,
        high=found.high,
        rows=found.rows,
    )


def _why_no_interval(row: ScoreRow, live: tuple[float, ...] | None, candidate: tuple[float, ...] | None) -> str | None:
    """None where scores by row make an interval, an empty text where there are none, else what is wrong with them."""
    if (live is None and candidate is None) or row.difference is None:
        return ""
    if live is None or candidate is None:
        return f"only the {'candidate' if live is None else 'live model'} has scores by row"
    if len(live) != len(candidate):
        return f"rows cannot be paired: {len(live):,} of the live model, {len(candidate):,} of the candidate"
    if len(live) < FEWEST_ROWS:
        return f"{len(live)} rows are too few, it takes {FEWEST_ROWS}"
    sides = (("the live model", row.live, live), ("the candidate", row.candidate, candidate))
    return next((wrong for side, told, scores in sides if (wrong := _unsound(side, told, scores))), None)


def _unsound(side: str, told: object, scores: tuple[float, ...]) -> str:
    """What is wrong with the scores of one side; they must be finite, and their mean the metric."""
    broken = next((number for number, score in enumerate(scores, 1) if not math.isfinite(score)), 0)
    if broken:
        return f"row {broken} of {side} is no finite number"
    mean = math.fsum(scores) / len(scores)
    if not isinstance(told, int | float) or not _is_mean(mean, told):
        return f"the mean of the rows of {side} is {mean:.6g}, and the metric {told}"
    return ""


def _is_mean(mean: float, told: float) -> bool:
    """Whether a mean is the metric as it was written, rounded to so many decimals."""
    number = exact(told)
    exponent = number.as_tuple().exponent
    half = Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) and exponent < 0 else Decimal("0.5")
    return abs(mean - told) <= max(float(half), _RELATIVE * abs(told)) * (1 + 1e-9)


def _values(files: Iterable[MetricFile]) -> Iterator[tuple[tuple[str, str], Value]]:
    return (((file.path, key), value) for file in files for key, value in file.values.items())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
