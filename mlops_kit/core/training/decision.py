"""Whether a model is trained again: what calls for it, and what holds it back; the first obstacle is the answer.

It looks at what is there, never at events alone: asked a thousand times about the same data it says the same, and once
the data has its retraining it says so.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from mlops_kit.core.config import Trigger
from mlops_kit.core.promotion.names import spell_for_tag
from mlops_kit.core.promotion.standing import held_text
from mlops_kit.core.training.history import WEEK, History
from mlops_kit.core.training.situation import Action, Decision, DriftWord, Situation
from mlops_kit.core.types import ModelName, NoteKind

BRANCHES = "mlops/retrain"
_KEY_DIGITS = 12
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_SECONDS = 3600
_ANYWAY = "what holds it back is left out with: mlops-kit retrain --now"


def decide(situation: Situation) -> Decision:
    """What is done now, and why."""
    decision = _decide(_Case(situation=situation, trigger=_find_trigger(situation)))
    word = situation.drift
    return replace(
        decision,
        alarms=len(_alarms(situation)),
        note=_note(situation),
        alarm_data=_sha256(word.current) if word else "",
    )


def branch_of(model: ModelName, key: str) -> str:
    """The branch that a retraining is proposed on: always the same for the same key."""
    return f"{BRANCHES}/{spell_for_tag(model)}/{key}"


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A situation, and what calls for a retraining in it."""

    situation: Situation
    trigger: Trigger | None

    @property
    def key(self) -> str:
        """What tells this retraining from others: the data, and where that is the same, what or when it was asked."""
        data = self.situation.current.digest
        return _sha256(data if self.situation.is_changed else f"{data}|{self._window}")[:_KEY_DIGITS]

    @property
    def branch(self) -> str:
        """The branch that it is proposed on."""
        return branch_of(self.situation.model, self.key)

    @property
    def earlier(self) -> History:
        """The retrainings before this one."""
        return self.situation.history.without_failure(self.key, self.situation.asked_at)

    @property
    def _window(self) -> str:
        word = self.situation.drift
        if self.trigger is Trigger.DRIFT and word:
            return word.current
        length = max(self.situation.policy.cooldown, _DAY)
        return str((self.situation.asked_at - _EPOCH) // length)

    def answer(self, action: Action, reason: str, hint: str = "") -> Decision:
        """A decision about this retraining."""
        return Decision(action=action, reason=reason, hint=hint, trigger=self.trigger, key=self.key, branch=self.branch)


def _decide(case: _Case) -> Decision:
    for check in _CHECKS:
        if found := check(case):
            return found
    return case.answer(Action.RETRAIN, _why(case))


def _check_validity(case: _Case) -> Decision | None:
    violations = case.situation.drift.violations if case.situation.drift else ()
    if not violations:
        return None
    more = f" (and {len(violations) - 1} more)" if violations[1:] else ""
    return Decision(
        action=Action.REFUSE,
        reason=f"the data is not valid, so nothing is trained on it: {violations[0]}{more}",
        hint="mend the data, or the rules that it breaks",
    )


def _check_known(case: _Case) -> Decision | None:
    unknown = case.situation.current.unknown
    if not unknown:
        return None
    return Decision(
        action=Action.WAIT,
        reason=f"what {unknown[0]} holds is not known",
        hint=f"dvc add {unknown[0]}, or dvc update its import",
    )


def _check_trigger(case: _Case) -> Decision | None:
    if case.trigger:
        return None
    situation = case.situation
    about = f"{situation.model} in {situation.environment}"
    return Decision(action=Action.WAIT, reason=f"nothing calls for a retraining of {about}: {_nothing(situation)}")


def _check_hold(case: _Case) -> Decision | None:
    hold, situation = case.situation.hold, case.situation
    if hold is None:
        return None
    return case.answer(
        Action.WAIT,
        f"{situation.model} in {situation.environment} is {held_text(hold)}",
        f"mlops-kit hold {situation.environment} {situation.model} --release",
    )


def _check_key(case: _Case) -> Decision | None:
    """Whether this retraining was there already; one that failed may be tried again."""
    found = case.situation.history.find_outcome(case.key)
    if found and found.kind is NoteKind.PROPOSED:
        return case.answer(Action.WAIT, f"this was trained and proposed already, on branch {case.branch}")
    if found and found.kind is NoteKind.REJECTED:
        return case.answer(Action.WAIT, f"this was trained already, and not proposed: {found.reason}")
    if case.branch in case.situation.branches:
        return case.answer(Action.FINISH, f"this was trained already, and branch {case.branch} has no pull request yet")
    return None


def _check_merged(case: _Case) -> Decision | None:
    situation = case.situation
    if not (situation.is_live and situation.is_changed and situation.current.is_same(situation.merged)):
        return None
    where = situation.environment
    return case.answer(
        Action.WAIT,
        f"a model of this data was merged for {where} already, and is not live there yet",
        f"mlops-kit reconcile {where}",
    )


def _check_pace(case: _Case) -> Decision | None:
    situation, history = case.situation, case.earlier
    began = history.last.recorded_at if history.last else None
    if situation.at_once or began is None:
        return None
    until = began + history.cooldown(situation.policy.cooldown)
    if until <= situation.now:
        return None
    doubled = f", longer for {history.rejected} in a row that were no better" if history.rejected else ""
    reason = f"the last retraining is too recent: the cooldown ends {until:%Y-%m-%d %H:%M} UTC{doubled}"
    return case.answer(Action.WAIT, reason, _ANYWAY)


def _check_count(case: _Case) -> Decision | None:
    situation, most = case.situation, case.situation.policy.max_retrains
    recent = case.earlier.within_week(situation.now)
    if situation.at_once or len(recent) < most:
        return None
    return case.answer(Action.WAIT, f"{len(recent)} retrainings within {WEEK.days} days, and {most} may be", _ANYWAY)


def _check_budget(case: _Case) -> Decision | None:
    situation, most = case.situation, case.situation.policy.gpu_hours
    recent = case.earlier.within_week(situation.now)
    used = sum(note.training.gpu_seconds for note in recent if note.training) / _HOUR_SECONDS
    if situation.at_once or most is None or used < most:
        return None
    return case.answer(
        Action.WAIT, f"retrainings held GPUs for {used:.1f} hours within {WEEK.days} days, and {most:g} may be", _ANYWAY
    )


_CHECKS: tuple[Callable[[_Case], Decision | None], ...] = (
    _check_validity,
    _check_known,
    _check_trigger,
    _check_key,
    _check_merged,
    _check_hold,
    _check_pace,
    _check_count,
    _check_budget,
)


def _find_trigger(situation: Situation) -> Trigger | None:
    """The first of what the policy names that holds now."""
    holds = {
        Trigger.DATA: situation.is_changed,
        Trigger.DRIFT: _is_alarm(situation.drift) and len(_alarms(situation)) >= situation.policy.alarms,
        Trigger.SCHEDULE: situation.occasion is Trigger.SCHEDULE,
        Trigger.DISPATCH: situation.occasion is Trigger.DISPATCH,
    }
    return next((trigger for trigger, is_so in holds.items() if is_so and trigger in situation.policy.on), None)


def _is_alarm(word: DriftWord | None) -> bool:
    return word is not None and word.is_alarm


def _alarms(situation: Situation) -> frozenset[str]:
    """The alarms in a row, this one included; the same data alarms once."""
    word = situation.drift
    if word and word.is_alarm:
        return situation.history.alarms | {_sha256(word.current)}
    return frozenset() if word and word.is_conclusive else situation.history.alarms


def _note(situation: Situation) -> NoteKind | None:
    """What the log does not know of the drift yet."""
    known, now = situation.history.alarms, _alarms(situation)
    if now - known:
        return NoteKind.ALARM
    return NoteKind.CALM if known and not now else None


def _why(case: _Case) -> str:
    situation, word = case.situation, case.situation.drift
    what = "the live model" if situation.is_live else "the last model"
    match case.trigger:
        case Trigger.DRIFT:
            return f"the data drifted ({word.verdict if word else ''}), alarm {len(_alarms(situation))} in a row"
        case Trigger.SCHEDULE:
            return "it is time by the schedule"
        case Trigger.DISPATCH:
            return "somebody asked for it"
        case Trigger.DATA | None:
            changed = situation.current.changes(situation.trained)
            more = f" and {len(changed) - 1} more" if changed[1:] else ""
            return f"the data is not what {what} was trained on: {changed[0][0] if changed else ''}{more}"


def _nothing(situation: Situation) -> str:
    what = "the live model" if situation.is_live else "the last model"
    told = "the data is new" if situation.is_changed else f"{what} was trained on the data that is there"
    if Trigger.DRIFT in situation.policy.on:
        return told + _tell_drift(situation)
    return f"{told}, and training.on does not name data" if situation.is_changed else told


def _tell_drift(situation: Situation) -> str:
    """How far the row of alarms is, as the end of a sentence."""
    alarms, needed, word = len(_alarms(situation)), situation.policy.alarms, situation.drift
    if word and not word.is_conclusive:
        return f"; whether it drifted cannot be said, and {alarms} of {needed} alarms are there"
    if alarms:
        return f"; it drifted, alarm {alarms} of {needed} in a row"
    return "; it has not drifted" if word else ""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
