"""Judges new data: measures each column, shares the significance among them, and says what all of it means.

An alarm needs three things at once: enough rows, a difference that chance does not explain, and one that is large.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from mlops_kit.core.config import Correction, DriftPolicy, Thresholds
from mlops_kit.core.drift.checks import merge
from mlops_kit.core.drift.detector import Remark
from mlops_kit.core.drift.histogram import column_stability, draw_histogram
from mlops_kit.core.drift.kinds import ColumnKind, column_kind
from mlops_kit.core.drift.measuring import Check, Measurement, Pair, measure
from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, Family
from mlops_kit.core.drift.report import (
    GRAVITY,
    CheckRow,
    ColumnRow,
    ColumnSide,
    DataSide,
    DriftAnswer,
    DriftReport,
    clip,
    gravest,
    violation_row,
)
from mlops_kit.core.drift.schema import EXAMPLES, Rule, Violation
from mlops_kit.core.drift.verdict import conclude

_SKIPPED = {
    ColumnKind.EMPTY: "the reference has no value",
    ColumnKind.NESTED: "lists and structures are not judged",
    ColumnKind.TEXT: "free text is judged only with text: true",
    ColumnKind.IDENTIFIER: "nearly every row has a value of its own",
    ColumnKind.DATETIME: "dates are judged by their freshness alone",
}


@dataclass(frozen=True, kw_only=True)
class _Measured:
    pair: Pair
    measurements: tuple[Measurement, ...]


def judge_drift(
    reference: DataProfile,
    current: DataProfile,
    policy: DriftPolicy,
    *,
    now: datetime,
    violations: Iterable[Violation] = (),
    remarks: Iterable[Remark] = (),
) -> DriftReport:
    """What became of the data; `violations` are what a check of valid values found besides, `remarks` of detectors."""
    judged = tuple(_judged(reference, current, policy))
    measured = [_Measured(pair=pair, measurements=measure(pair, policy, now)) for pair in _pairs(judged)]
    chances = correct_chances(
        {
            (one.pair.reference.name, found.check): found.distance.p_value
            for one in measured
            for found in one.measurements
            if found.distance and found.distance.p_value is not None
        },
        policy.correction,
    )
    told = tuple(remarks)
    columns = tuple(_row(one, chances, policy, _about(one.pair, told)) for one in measured)
    found = merge(_broken(judged, current.rows), violations)
    broken = tuple(map(violation_row, found))
    outcome = conclude(columns, broken, policy)
    return DriftReport(
        verdict=outcome.answer,
        drifted=outcome.drifted,
        message=clip(outcome.message),
        reference=_side(reference),
        current=_side(current),
        columns=tuple(sorted(columns, key=lambda row: (GRAVITY.index(row.answer), not row.important, row.name))),
        violations=broken,
        notes=(*_notes(reference, current), *_other_remarks(columns, told)),
    )


_Key = tuple[str, Check]


def correct_chances(chances: Mapping[_Key, float], correction: Correction) -> Mapping[_Key, float]:
    """The p-values after the correction for many columns, each kind of check by itself; none is over 1."""
    found: dict[_Key, float] = {}
    for check in Check:
        own = {key: chance for key, chance in chances.items() if key[1] is check}
        match correction:
            case Correction.BONFERRONI:
                found |= {key: min(1.0, chance * len(own)) for key, chance in own.items()}
            case Correction.FDR:
                found |= _false_discovery(own)
    return found


def _false_discovery(chances: Mapping[_Key, float]) -> Mapping[_Key, float]:
    """Benjamini and Hochberg's: the largest first, each at most the one before."""
    found: dict[_Key, float] = {}
    smallest = 1.0
    for rank, key in reversed(tuple(enumerate(sorted(chances, key=lambda key: (chances[key], key)), start=1))):
        smallest = min(smallest, chances[key] * len(chances) / rank)
        found[key] = smallest
    return found


def _judged(
    reference: DataProfile, current: DataProfile, policy: DriftPolicy
) -> Iterator[tuple[ColumnProfile, ColumnProfile | None]]:
    """The reference's columns that are not ignored, in its order, each with what the current data has of its name."""
    others = {column.name: column for column in current.columns}
    for old in reference.columns:
        if not matches(old.name, policy.ignore):
            yield old, others.get(old.name)


def _pairs(columns: Iterable[tuple[ColumnProfile, ColumnProfile | None]]) -> Iterator[Pair]:
    """The columns that both sides have in one family."""
    for old, new in columns:
        if new is not None and _is_comparable(old, new):
            yield Pair(kind=column_kind(old), reference=old, current=new)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns fits a column's name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_comparable(old: ColumnProfile, new: ColumnProfile) -> bool:
    return old.family is new.family or Family.EMPTY in (old.family, new.family)


def _broken(columns: Iterable[tuple[ColumnProfile, ColumnProfile | None]], rows: int) -> Iterator[Violation]:
    """Columns that are gone or hold something else: that is not drift, and nothing should learn from it."""
    for old, new in columns:
        if new is None:
            yield Violation(column=old.name, rule=Rule.REQUIRED, expected="there", rows=rows)
        elif not _is_comparable(old, new):
            yield Violation(
                column=old.name,
                rule=Rule.TYPE,
                expected=f"{old.family}, is {new.family}",
                examples=tuple(new.counts)[:EXAMPLES],
            )


def _about(pair: Pair, remarks: Iterable[Remark]) -> tuple[CheckRow, ...]:
    return tuple(_remark(one) for one in remarks if one.column == pair.reference.name)


def _remark(one: Remark) -> CheckRow:
    return CheckRow(
        check=Check.DETECTOR,
        answer=one.answer,
        statistic=clip(one.statistic),
        message=clip(one.message),
        effect=one.effect if one.effect is not None and math.isfinite(one.effect) else None,
        p_value=one.p_value if one.p_value is not None and math.isfinite(one.p_value) else None,
    )


def _other_remarks(columns: Sequence[ColumnRow], remarks: Iterable[Remark]) -> Iterator[str]:
    """What detectors say of columns that are not judged here."""
    known = {row.name for row in columns}
    yield from (clip(f"{one.column}: {one.message}") for one in remarks if clip(one.column) not in known)


def _row(
    one: _Measured, chances: Mapping[_Key, float], policy: DriftPolicy, remarks: tuple[CheckRow, ...]
) -> ColumnRow:
    pair = one.pair
    name = pair.reference.name
    own = tuple(_check(found, chances.get((name, found.check)), policy) for found in one.measurements)
    checks = (*own, *remarks)
    answer = gravest(row.answer for row in checks)
    return ColumnRow(
        name=clip(name),
        kind=pair.kind,
        answer=answer,
        message=clip(_message(pair, checks, answer)),
        important=matches(name, policy.important) or name in (policy.target, policy.prediction),
        reference=_column_side(pair.reference),
        current=_column_side(pair.current),
        checks=checks,
        stability_index=column_stability(pair),
        histogram=draw_histogram(pair),
    )


def _check(found: Measurement, chance: float | None, policy: DriftPolicy) -> CheckRow:
    if found.distance is None:
        return CheckRow(
            check=found.check,
            answer=DriftAnswer.INCONCLUSIVE,
            statistic=found.statistic,
            message=clip(found.note),
        )
    effect = found.distance.effect
    significant = chance is None or chance < policy.significance
    answer = _grade(abs(effect), found.thresholds) if significant else DriftAnswer.OK
    return CheckRow(
        check=found.check,
        answer=answer,
        statistic=found.statistic,
        message=f"{found.statistic} {effect:.3g}, {_told(answer, found.thresholds)}",
        effect=round(effect, 6),
        p_value=chance,
    )


def _grade(effect: float, thresholds: Thresholds) -> DriftAnswer:
    if effect >= thresholds.fail:
        return DriftAnswer.FAIL
    return DriftAnswer.WARN if effect >= thresholds.warn else DriftAnswer.OK


def _told(answer: DriftAnswer, thresholds: Thresholds) -> str:
    """What the number is compared with."""
    if answer is DriftAnswer.FAIL:
        return f"fails from {thresholds.fail:.3g}"
    return f"warns from {thresholds.warn:.3g}"


def _message(pair: Pair, checks: Sequence[CheckRow], answer: DriftAnswer) -> str:
    if not checks:
        return _SKIPPED.get(pair.kind, "too few rows")
    if answer is DriftAnswer.OK:
        return ""
    return "; ".join(dict.fromkeys(row.message for row in checks if row.answer is answer))


def _side(profile: DataProfile) -> DataSide:
    return DataSide(name=clip(profile.source.name), digest=profile.source.digest, rows=profile.rows)


def _column_side(column: ColumnProfile) -> ColumnSide:
    numbers = column.numbers
    return ColumnSide(
        type=clip(column.type),
        rows=column.rows,
        missing=column.missing,
        distinct=column.distinct,
        mean=numbers.mean if numbers else None,
        deviation=numbers.deviation if numbers else None,
        minimum=numbers.minimum if numbers else None,
        maximum=numbers.maximum if numbers else None,
    )


def _notes(reference: DataProfile, current: DataProfile) -> Iterator[str]:
    known = {column.name for column in reference.columns}
    extra = [column.name for column in current.columns if column.name not in known]
    if extra:
        yield clip(f"new columns, not judged: {', '.join(extra)}")
    if reference.delimiter != current.delimiter and reference.format is current.format:
        yield clip(f"the delimiter changed from {reference.delimiter!r} to {current.delimiter!r}")
    if reference.encoding != current.encoding and reference.format is current.format:
        yield clip(f"the encoding changed from {reference.encoding!r} to {current.encoding!r}")
