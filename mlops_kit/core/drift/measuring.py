"""Measures one column against its reference: every check that its kind allows, with nothing decided yet."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mlops_kit.core.config import DriftPolicy, Thresholds
from mlops_kit.core.drift.distances import (
    Distance,
    compare_counts,
    compare_known,
    compare_samples,
    compare_shares,
    compare_unseen,
)
from mlops_kit.core.drift.kinds import ColumnKind
from mlops_kit.core.drift.profile import ColumnProfile
from mlops_kit.core.drift.texts import AREA, compare_texts

TOP_VALUES = 50
"""Values of a column of many that are compared one by one; the rest is one value."""
REST = "\N{HORIZONTAL ELLIPSIS} other"


class Check(StrEnum):
    """What is compared."""

    DISTRIBUTION = "distribution"
    NEW_VALUES = "new-values"
    MISSING = "missing"
    TEXT = "text"
    INFINITE = "infinite"
    FRESHNESS = "freshness"
    DETECTOR = "detector"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One check of a column. Without `distance` it could not be made, and `note` says why.

    `thresholds` are those of the effect; `statistic` is its name and unit.
    """

    check: Check
    statistic: str
    thresholds: Thresholds
    distance: Distance | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A column on both sides."""

    kind: ColumnKind
    reference: ColumnProfile
    current: ColumnProfile


def measure(pair: Pair, policy: DriftPolicy, now: datetime) -> tuple[Measurement, ...]:
    """All checks of a column; none where its kind is not judged."""
    if pair.kind in (ColumnKind.EMPTY, ColumnKind.NESTED):
        return ()
    return (*_distribution(pair, policy), *_missing(pair, policy), *_infinite(pair), *_freshness(pair, policy, now))


def _distribution(pair: Pair, policy: DriftPolicy) -> Iterator[Measurement]:
    match pair.kind:
        case ColumnKind.NUMERIC:
            yield _enough(pair, policy.min_rows, _numeric, _NUMERIC, policy.numeric)
        case ColumnKind.CATEGORICAL | ColumnKind.BOOLEAN:
            yield _enough(pair, policy.min_rows, _categorical, _CATEGORICAL, policy.categorical)
            yield from _new_values(pair, policy)
        case ColumnKind.HIGH_CARDINALITY:
            yield _enough(pair, _rows_needed(pair, policy), _frequent, _CATEGORICAL, policy.categorical)
            yield from _new_values(pair, policy)
        case ColumnKind.TEXT if policy.text:
            yield _enough(pair, 2 * policy.min_rows, _texts, _TEXT, AREA)
        case _:
            return


@dataclass(frozen=True, kw_only=True)
class _Rule:
    check: Check
    statistic: str


_NUMERIC = _Rule(check=Check.DISTRIBUTION, statistic="Wasserstein distance in standard deviations")
_CATEGORICAL = _Rule(check=Check.DISTRIBUTION, statistic="largest change of a share")
_TEXT = _Rule(check=Check.TEXT, statistic="area under the curve of a classifier that tells the sides apart")
_UNSEEN = _Rule(check=Check.NEW_VALUES, statistic="share of new values")
_KNOWN = _Rule(check=Check.NEW_VALUES, statistic="loss of the share of known values")


def _enough(
    pair: Pair, rows: int, compare: Callable[[Pair], Distance], rule: _Rule, thresholds: Thresholds
) -> Measurement:
    """The comparison, where both sides have so many rows with a value."""
    sides = {"reference": pair.reference.present, "current": pair.current.present}
    short = [f"{count} rows of {name}" for name, count in sides.items() if count < rows]
    return Measurement(
        check=rule.check,
        statistic=rule.statistic,
        thresholds=thresholds,
        distance=None if short else compare(pair),
        note=f"{' and '.join(short)} have a value, {rows} are needed" if short else "",
    )


def _numeric(pair: Pair) -> Distance:
    old, new = pair.reference.numbers, pair.current.numbers
    if old is None or new is None or not old.sample.size or not new.sample.size:
        return Distance(effect=0.0)
    return compare_samples(old.sample, new.sample)


def _categorical(pair: Pair) -> Distance:
    return compare_counts(_with_rest(pair.reference), _with_rest(pair.current))


def _frequent(pair: Pair) -> Distance:
    """Over the values that are frequent on both sides together: those of one side alone would seem to become rarer."""
    both = Counter(pair.reference.counts)
    both.update(pair.current.counts)
    top = frozenset(sorted(both, key=lambda value: (-both[value], value))[:TOP_VALUES])
    return compare_counts(_folded(pair.reference, top), _folded(pair.current, top))


def _texts(pair: Pair) -> Distance:
    return compare_texts(pair.reference.counts, pair.current.counts)


def _new_values(pair: Pair, policy: DriftPolicy) -> Iterator[Measurement]:
    """Values that the reference never had; where not all of its values are known, how many known ones are gone."""
    if not pair.reference.counts:
        return
    if pair.reference.unkept == 0:
        yield _enough(pair, _rows_needed(pair, policy), _unseen, _UNSEEN, policy.new_values)
    else:
        yield _enough(pair, _rows_needed(pair, policy), _known, _KNOWN, policy.categorical)


def _rows_needed(pair: Pair, policy: DriftPolicy) -> int:
    """A column of many values has fewer rows of each, and needs twice as many."""
    return policy.min_rows * (2 if pair.kind is ColumnKind.HIGH_CARDINALITY else 1)


def _unseen(pair: Pair) -> Distance:
    new = pair.current
    return compare_unseen(pair.reference.counts, new.counts, others=new.unkept)


def _known(pair: Pair) -> Distance:
    new = pair.current
    return compare_known(pair.reference.counts, pair.reference.counted, new.counts, new.unkept)


def _with_rest(column: ColumnProfile) -> Mapping[str, int]:
    """The counts, and how many rows have values that were not kept."""
    return {**column.counts, REST: column.unkept} if column.unkept > 0 else column.counts


def _folded(column: ColumnProfile, kept: frozenset[str]) -> Mapping[str, int]:
    found = {value: count for value, count in column.counts.items() if value in kept}
    return {**found, REST: column.counted - sum(found.values())}


def _missing(pair: Pair, policy: DriftPolicy) -> Iterator[Measurement]:
    old, new, least = pair.reference, pair.current, policy.min_rows * 2 // 5
    enough = min(old.rows, new.rows) >= least
    if not enough and not (old.missing or new.missing):
        return
    yield Measurement(
        check=Check.MISSING,
        statistic="change of the share of missing values",
        thresholds=policy.missing,
        distance=compare_shares(old.missing, old.rows, new.missing, new.rows) if enough else None,
        note="" if enough else f"{min(old.rows, new.rows)} rows, {least} are needed",
    )


def _infinite(pair: Pair) -> Iterator[Measurement]:
    """Infinite values where the reference had none; one is a warning, for no distribution holds them."""
    old, new = pair.reference.numbers, pair.current.numbers
    if new is not None and new.infinite and not (old and old.infinite):
        yield Measurement(
            check=Check.INFINITE,
            statistic="rows that are infinite",
            thresholds=Thresholds(warn=1, fail=float(max(1, pair.current.rows // 100))),
            distance=Distance(effect=new.infinite),
        )


def _freshness(pair: Pair, policy: DriftPolicy, now: datetime) -> Iterator[Measurement]:
    """How old the newest value is; a date without a zone is UTC."""
    limit = policy.freshness.get(pair.current.name)
    if limit is None or pair.kind is not ColumnKind.DATETIME:
        return
    latest = pair.current.latest
    hours = max(limit.total_seconds(), 1.0) / 3600
    yield Measurement(
        check=Check.FRESHNESS,
        statistic="age of the newest value in hours",
        thresholds=Thresholds(warn=hours, fail=hours),
        distance=None if latest is None else Distance(effect=_hours(_with_zone(latest), now)),
        note="there is no date" if latest is None else "",
    )


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600
