"""What the policy has against a promotion; the first obstacle is the answer.

A version that was in the environment before has passed there: a rollback meets no order, soak, freeze or gate and needs
no approval. A hotfix skips what makes a version wait, never what judges it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from mlops_kit.core.promotion.freeze import Frozen, find_freeze
from mlops_kit.core.promotion.situation import Situation, promotion_kind
from mlops_kit.core.types import Answer, Blocked, GateAnswer, PromotionKind, PromotionRecord

REFUSING = (Answer.FAIL, Answer.NOT_EVALUABLE)


def find_obstacle(situation: Situation) -> Blocked | None:
    """The first reason to hold the desired version back; None where it may enter."""
    match promotion_kind(situation):
        case PromotionKind.BOOTSTRAP | PromotionKind.PROMOTE:
            return _first(situation, (*_TRUST, *_PATIENCE, *_JUDGEMENT, _check_bytes, _check_bundle))
        case PromotionKind.HOTFIX:
            return _first(situation, (*_TRUST, *_JUDGEMENT, _check_bytes, _check_bundle))
        case PromotionKind.ROLLBACK | PromotionKind.REDEPLOY | None:
            return _first(situation, (*_TRUST, _check_bytes, _check_bundle))


def is_new(situation: Situation) -> bool:
    """Whether the desired version was never in the environment."""
    return promotion_kind(situation) in {PromotionKind.BOOTSTRAP, PromotionKind.PROMOTE, PromotionKind.HOTFIX}


def is_waiting(situation: Situation) -> bool:
    """Whether order, soak or freeze is what holds a new version back: what a hotfix skips."""
    waits = promotion_kind(situation) in {PromotionKind.BOOTSTRAP, PromotionKind.PROMOTE}
    return waits and _first(situation, _TRUST) is None and _first(situation, _PATIENCE) is not None


def needs_gates(situation: Situation) -> bool:
    """Whether the answers of gates decide: what comes before them lets the version pass, and it is new here."""
    return is_new(situation) and _first(situation, _before(situation)) is None


def needs_approval(situation: Situation) -> bool:
    """Whether people's word decides: all that comes before lets the version pass, and it is new here."""
    asked = situation.desired.environment.approval is not None and not situation.ahead
    return asked and needs_gates(situation) and _check_gates(situation) is None


def needs_bytes(situation: Situation) -> bool:
    """Whether only the bytes may still be missing."""
    return promotion_kind(situation) is not None and find_obstacle(situation) is None


def is_refused_by_gates(situation: Situation) -> bool:
    """Whether gates are what holds the desired version back."""
    return needs_gates(situation) and _check_gates(situation) is not None


def _first(situation: Situation, checks: "Iterable[_Check]") -> Blocked | None:
    return next((found for check in checks if (found := check(situation))), None)


def _before(situation: Situation) -> "tuple[_Check, ...]":
    """What is checked before anything is asked about a new version."""
    return _TRUST if situation.hotfix else (*_TRUST, *_PATIENCE)


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
    entered = _entered_at(situation, entry) if entry else None
    if soak is None or entered is None:
        return None
    remaining = soak - (situation.now - entered)
    if remaining <= timedelta(0):
        return None
    earlier = situation.desired.environment.after
    ahead = f"; the log of {earlier} has times in the future: the clock of a runner was wrong"
    return _blocked(
        situation,
        f"soaking in {earlier}: {duration_text(remaining)} of {duration_text(soak)} left"
        f"{ahead if entered > situation.now else ''}",
        hint=f"a later reconcile promotes it by itself{_emergency(situation)}",
    )


def _check_freeze(situation: Situation) -> Blocked | None:
    found = find_freeze(situation.desired.environment.freeze, situation.now)
    if found is None:
        return None
    reason = f": {found.reason}" if found.reason else ""
    return _blocked(
        situation,
        f"frozen {_freeze_text(found)}{reason}",
        hint=f"a later reconcile promotes it by itself{_emergency(situation)}",
    )


def _check_gates(situation: Situation) -> Blocked | None:
    refusing = [answer for answer in situation.gates if answer.answer in REFUSING]
    if not refusing or situation.override:
        return None
    label = situation.desired.config.review.override_label
    return _blocked(
        situation,
        "; ".join(_gate_text(answer) for answer in refusing),
        hint=f"merge a version that passes, or accept this one by hand: label {label} on its pull request",
    )


def _check_approval(situation: Situation) -> Blocked | None:
    asked, found = situation.desired.environment.approval, situation.approval
    if asked is None or situation.ahead:
        return None
    if found is None:
        return _blocked(situation, f"approval by {asked.by}: nobody was asked for it yet")
    return _blocked(situation, f"not approved: {found.missing}", hint=found.hint) if found.missing else None


def _check_bytes(situation: Situation) -> Blocked | None:
    wanted = situation.wanted
    if wanted is None or not situation.lost:
        return None
    return _blocked(
        situation,
        f"bytes missing from the remote: {wanted.digest} of {wanted.path}",
        hint="on the machine that made them: dvc push",
    )


def _check_bundle(situation: Situation) -> Blocked | None:
    return _blocked(situation, situation.held_by) if situation.held_by else None


_Check = Callable[[Situation], Blocked | None]
_TRUST: tuple[_Check, ...] = (_check_log, _check_history, _check_source, _check_lock)
_PATIENCE: tuple[_Check, ...] = (_check_order, _check_soak, _check_freeze)
_JUDGEMENT: tuple[_Check, ...] = (_check_gates, _check_approval)


def _entry(situation: Situation) -> PromotionRecord | None:
    """When the desired digest last entered the earlier environment; a redeploy of the same bytes is no new entry."""
    entries = [
        record
        for record in situation.observed.earlier
        if record.digest == situation.digest and record.kind is not PromotionKind.REDEPLOY
    ]
    return entries[-1] if entries else None


def _entered_at(situation: Situation, entry: PromotionRecord) -> datetime | None:
    """When an entry was made: not before any that the log has before it, whatever the clock of its runner said."""
    before = (record for record in situation.observed.earlier if record.seq <= entry.seq)
    return max((record.recorded_at for record in before if record.recorded_at), default=None)


def duration_text(duration: timedelta) -> str:
    """`3 h 20 min`, `45 s`, `2 d`: the two largest units, rounded up to a whole second."""
    seconds = -int(-duration.total_seconds() // 1)
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {name}"] if count else []
    return " ".join(parts[:2]) or "0 s"


def _freeze_text(found: Frozen) -> str:
    return f"until {found.until:%a %Y-%m-%d %H:%M %Z}" if found.until else "with no end in sight"


def _emergency(situation: Situation) -> str:
    """How a hotfix is told, as the end of a hint."""
    return f"; one that cannot wait is a hotfix: label {situation.desired.config.promotion.hotfix_label}"


def _gate_text(answer: GateAnswer) -> str:
    return f"gate {answer.rule}: {answer.answer} ({answer.message})"


def _blocked(situation: Situation, reason: str, *, hint: str = "") -> Blocked:
    return Blocked(environment=situation.environment, model=situation.model, reason=reason, hint=hint)
