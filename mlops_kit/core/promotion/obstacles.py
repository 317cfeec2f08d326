"""What the policy has against a promotion; the first obstacle is the answer.

A version that was in the environment before has passed there: a rollback meets no order, no soak and no gate.
"""

from collections.abc import Callable
from datetime import timedelta

from mlops_kit.core.promotion.situation import Situation, promotion_kind
from mlops_kit.core.types import Answer, Blocked, GateAnswer, PromotionKind, PromotionRecord

_REFUSING = (Answer.FAIL, Answer.NOT_EVALUABLE)


def find_obstacle(situation: Situation) -> Blocked | None:
    """The first reason to hold the desired version back; None where it may enter."""
    proven = promotion_kind(situation) in {PromotionKind.ROLLBACK, PromotionKind.REDEPLOY}
    for check in (*_TRUST, *(() if proven else _POLICY), _check_bundle):
        if found := check(situation):
            return found
    return None


def needs_gates(situation: Situation) -> bool:
    """Whether the answers of gates decide: all else lets the version pass, and it is new here."""
    new = promotion_kind(situation) in {PromotionKind.BOOTSTRAP, PromotionKind.PROMOTE}
    return new and not situation.observed.unreadable and find_obstacle(situation) is None


def is_refused_by_gates(situation: Situation) -> bool:
    """Whether gates are what holds the desired version back."""
    return any(answer.answer in _REFUSING for answer in situation.gates) and find_obstacle(situation) is not None


def _check_log(situation: Situation) -> Blocked | None:
    if not situation.observed.is_behind_registry:
        return None
    return _blocked(
        situation,
        "the registry's alias was set for a promotion that the log does not have: records are missing",
        hint="fetch the tags mlops/*, or push them back from a clone that has them",
    )


def _check_history(situation: Situation) -> Blocked | None:
    live = situation.observed.live
    if live is None or not situation.observed.rewritten or situation.accept_rewrite:
        return None
    branch = situation.desired.environment.branch
    return _blocked(
        situation,
        f"the history of branch {branch} was rewritten: it does not contain {live.commit[:8]}, promoted as #{live.seq}",
        hint=f"if that was meant: mlops-kit reconcile {situation.environment} --accept-rewrite",
    )


def _check_source(situation: Situation) -> Blocked | None:
    """Whether what asks for the version can be followed: a file may name a commit that is elsewhere, or other bytes."""
    wanted, branch = situation.desired.find(situation.model), situation.desired.environment.branch
    if wanted and wanted.problem:
        return _blocked(situation, wanted.problem, hint=f"mlops-kit promote {situation.environment} writes it anew")
    if not situation.observed.stray:
        return None
    return _blocked(
        situation,
        f"commit {situation.commit[:8]} is not in the history of branch {branch}",
        hint=f"name one that is, such as the commit that the merge made: mlops-kit promote {situation.environment}",
    )


def _check_lock(situation: Situation) -> Blocked | None:
    wanted = situation.desired.find(situation.model)
    found = wanted.inconsistencies if wanted else ()
    if not found:
        return None
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return _blocked(
        situation,
        f"lock inconsistent: {found[0]}{more}",
        hint="nobody ran this combination: mlops-kit reproduce, then commit dvc.lock",
    )


def _check_order(situation: Situation) -> Blocked | None:
    earlier = situation.desired.environment.after
    if earlier is None or _entry(situation) is not None:
        return None
    return _blocked(
        situation,
        f"skipped {earlier}: {situation.digest} never entered it",
        hint=f"merge into {earlier} first",
    )


def _check_soak(situation: Situation) -> Blocked | None:
    soak, entry = situation.desired.environment.soak, _entry(situation)
    if soak is None or entry is None or entry.recorded_at is None:
        return None
    remaining = soak - (situation.now - entry.recorded_at)
    if remaining <= timedelta(0):
        return None
    earlier = situation.desired.environment.after
    return _blocked(
        situation,
        f"soaking in {earlier}: {duration_text(remaining)} of {duration_text(soak)} left",
        hint="a later reconcile promotes it by itself",
    )


def _check_gates(situation: Situation) -> Blocked | None:
    refusing = [answer for answer in situation.gates if answer.answer in _REFUSING]
    if not refusing or situation.override:
        return None
    return _blocked(situation, "; ".join(_gate_text(answer) for answer in refusing))


def _check_bundle(situation: Situation) -> Blocked | None:
    return _blocked(situation, situation.held_by) if situation.held_by else None


_Check = Callable[[Situation], Blocked | None]
_TRUST: tuple[_Check, ...] = (_check_log, _check_history, _check_source, _check_lock)
_POLICY: tuple[_Check, ...] = (_check_order, _check_soak, _check_gates)


def _entry(situation: Situation) -> PromotionRecord | None:
    """When the desired digest last entered the earlier environment; a redeploy of the same bytes is no new entry."""
    entries = [
        record
        for record in situation.observed.earlier
        if record.digest == situation.digest and record.kind is not PromotionKind.REDEPLOY
    ]
    return entries[-1] if entries else None


def duration_text(duration: timedelta) -> str:
    """`3 h 20 min`, `45 s`, `2 d`: the two largest units, rounded up to a whole second."""
    seconds = -int(-duration.total_seconds() // 1)
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts[:2]) or "0 s"


def _gate_text(answer: GateAnswer) -> str:
    return f"gate {answer.rule}: {answer.answer} ({answer.message})"


def _blocked(situation: Situation, reason: str, *, hint: str = "") -> Blocked:
    return Blocked(environment=situation.environment, model=situation.model, reason=reason, hint=hint)
