"""What the columns' answers mean together, as one answer, one sentence, and whether to train again."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.report import ColumnRow, DriftAnswer, ViolationRow

_NAMED = 5
"""Columns that a sentence names."""
_ALARMS = (DriftAnswer.FAIL, DriftAnswer.WARN)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The answer for all; `drifted` where the model should be trained again."""

    answer: DriftAnswer
    drifted: bool
    message: str


def conclude(columns: Sequence[ColumnRow], broken: Sequence[ViolationRow], policy: DriftPolicy) -> Outcome:
    """Broken data first, then drift, then doubt: what was not found out is never ok."""
    judged = [row for row in columns if row.answer is not DriftAnswer.SKIPPED]
    if broken:
        return _outcome(DriftAnswer.FAIL, f"the data is not valid: {_tell_broken(broken)}")
    if not judged:
        return _outcome(DriftAnswer.INCONCLUSIVE, "no column could be judged")
    return _drift(judged, policy) or _warning(judged, policy) or _doubt(judged) or _calm(judged)


def _drift(judged: Sequence[ColumnRow], policy: DriftPolicy) -> Outcome | None:
    failed = _that_failed(judged)
    predicted = next((row for row in failed if row.name == policy.prediction), None)
    if predicted is not None:
        return _outcome(DriftAnswer.FAIL, f"the predictions drifted: {predicted.message}", drifted=True)
    if len(failed) >= policy.share.fail * len(judged):
        return _outcome(DriftAnswer.FAIL, _tell_share(failed, judged, "drifted"), drifted=True)
    return None


def _warning(judged: Sequence[ColumnRow], policy: DriftPolicy) -> Outcome | None:
    failed = _that_failed(judged)
    if len(failed) >= policy.share.warn * len(judged):
        return _outcome(DriftAnswer.WARN, _tell_share(failed, judged, "drifted"))
    alarmed = [row for row in judged if row.important and row.answer in _ALARMS]
    return _outcome(DriftAnswer.WARN, f"important columns changed: {_names(alarmed)}") if alarmed else None


def _doubt(judged: Sequence[ColumnRow]) -> Outcome | None:
    unknown = [row for row in judged if row.answer is DriftAnswer.INCONCLUSIVE]
    if 2 * len(unknown) <= len(judged):
        return None
    told = f"{len(unknown)} of {len(judged)} columns have too few rows"
    return _outcome(DriftAnswer.INCONCLUSIVE, f"{told}: {unknown[0].message}")


def _calm(judged: Sequence[ColumnRow]) -> Outcome:
    changed = [row for row in judged if row.answer in _ALARMS]
    if changed:
        return _outcome(DriftAnswer.OK, _tell_share(changed, judged, "changed"))
    return _outcome(DriftAnswer.OK, f"none of {len(judged)} columns changed by more than chance and the limits allow")


def _that_failed(judged: Sequence[ColumnRow]) -> list[ColumnRow]:
    return [row for row in judged if row.answer is DriftAnswer.FAIL]


def _outcome(answer: DriftAnswer, message: str, *, drifted: bool = False) -> Outcome:
    return Outcome(answer=answer, drifted=drifted, message=message)


def _tell_share(rows: Sequence[ColumnRow], judged: Sequence[ColumnRow], verb: str) -> str:
    return f"{len(rows)} of {len(judged)} columns {verb}: {_names(rows)}"


def _tell_broken(broken: Sequence[ViolationRow]) -> str:
    told = [str(one) for one in broken[:_NAMED]]
    return "; ".join([*told, *_more(len(broken))])


def _names(rows: Sequence[ColumnRow]) -> str:
    return ", ".join([*(row.name for row in rows[:_NAMED]), *_more(len(rows))])


def _more(count: int) -> tuple[str, ...]:
    return (f"and {count - _NAMED} more",) if count > _NAMED else ()
