"""The heart of the kit: desired minus observed is what must be done, or why it must not be.

One model in one environment at a time, values in and values out. An environment's log names the *live* version. The
head of its branch may ask for another one: then a record is wanted, and the policy has its say (obstacles.py). Alias
and serving target only follow the log, and are brought back to it where a promotion left them behind.
"""

from collections.abc import Iterable, Iterator

from mlops_kit.core.promotion.announcing import with_announcement
from mlops_kit.core.promotion.healing import heals
from mlops_kit.core.promotion.observed import Observed, Pointer, alias_text, read_pointers, serving_text
from mlops_kit.core.promotion.obstacles import find_obstacle
from mlops_kit.core.promotion.situation import Situation, has_new_settings, promotion_kind
from mlops_kit.core.promotion.standing import block_aborted, block_held, find_abort, find_hold
from mlops_kit.core.types import AliasReading, Change, Digest, Plan, ServingReading, Unreadable, Verb


def plan(situation: Situation) -> Plan:
    """What must be done for this model in this environment, and what the forge's board must be told of it."""
    return with_announcement(situation, _plan_moves(situation))


def _plan_moves(situation: Situation) -> Plan:
    """What must be done for the model itself.

    Nothing moves on an incomplete picture, and nothing that a person holds. Where the policy holds the desired version
    back, the live one is still looked after.
    """
    if reasons := (*situation.observed.unreadable, *situation.unanswered):
        return Plan(unknown=tuple(_unreadable(situation, reason) for reason in dict.fromkeys(reasons)))
    todo = _plan_freely(situation)
    if (todo.changes or todo.blocked) and (hold := find_hold(situation.observed.notes)):
        return Plan(blocked=(block_held(situation, hold),))
    return todo


def _plan_freely(situation: Situation) -> Plan:
    """What must be done where nobody holds the model."""
    if promotion_kind(situation) is None:
        return _plan_repairs(situation)
    if obstacle := find_obstacle(situation):
        repairs = _plan_repairs(situation)
        return Plan(changes=repairs.changes, blocked=(obstacle, *repairs.blocked))
    return Plan(changes=tuple(_promotion(situation)))


def _plan_repairs(situation: Situation) -> Plan:
    """What the live version needs; a roll-out that was aborted is not tried again by itself."""
    changes, abort = tuple(_repairs(situation)), find_abort(situation.observed)
    others = tuple(change for change in changes if change.verb is not Verb.DEPLOY)
    if abort is None or len(others) == len(changes):
        return Plan(changes=changes)
    return Plan(changes=others, blocked=(block_aborted(situation, abort),))


def join_plans(plans: Iterable[Plan]) -> Plan:
    """Several plans as one, in their order."""
    parts = tuple(plans)
    return Plan(
        changes=tuple(change for part in parts for change in part.changes),
        blocked=tuple(blocked for part in parts for blocked in part.blocked),
        unknown=tuple(unknown for part in parts for unknown in part.unknown),
        remarks=tuple(remark for part in parts for remark in part.remarks),
    )


def _promotion(situation: Situation) -> Iterator[Change]:
    """Enter a new version: first the bytes, then the record that protects, then what points, then what serves."""
    observed, digest = situation.observed, situation.digest
    yield from _registration(situation, digest)
    yield _change(situation, Verb.RECORD, digest)
    if isinstance(observed.alias, AliasReading):
        yield _change(situation, Verb.SET_ALIAS, digest)
    if isinstance(observed.serving, ServingReading) and _is_to_deploy(situation, observed.serving):
        yield _change(situation, Verb.DEPLOY, digest)


def _is_to_deploy(situation: Situation, serving: ServingReading) -> bool:
    """Whether a new record must be deployed: a target that runs the bytes already may still run them otherwise.

    One that tells for which record it runs them is told of each.
    """
    return serving.digest != situation.digest or serving.seq is not None or has_new_settings(situation)


def _repairs(situation: Situation) -> Iterator[Change]:
    """Lead alias and serving target back to the live version, where that is ours to do."""
    live = situation.observed.live
    for verb, pointer in read_pointers(situation.observed).items():
        if live and _is_ours(situation, pointer):
            yield from _registration(situation, live.digest) if verb is Verb.SET_ALIAS else ()
            yield _change(situation, verb, live.digest)


def _is_ours(situation: Situation, pointer: Pointer) -> bool:
    """What a promotion left unfinished is always finished; what a person moved is theirs, unless told to self-heal."""
    return pointer is Pointer.UNFINISHED or (pointer is Pointer.MOVED and heals(situation))


def _registration(situation: Situation, digest: Digest | None) -> Iterator[Change]:
    registered = situation.observed.registered
    if isinstance(registered, frozenset) and digest not in registered:
        yield _change(situation, Verb.REGISTER, digest)


def _change(situation: Situation, verb: Verb, target: Digest | None) -> Change:
    return Change(
        environment=situation.environment,
        model=situation.model,
        verb=verb,
        source=_present(situation.observed, verb),
        target=str(target or ""),
    )


def _present(observed: Observed, verb: Verb) -> str:
    """What is there before the change, as text; empty for nothing."""
    match verb:
        case Verb.RECORD:
            return str(observed.live.digest) if observed.live else ""
        case Verb.SET_ALIAS:
            return alias_text(observed)
        case Verb.DEPLOY:
            return serving_text(observed)
        case Verb.REGISTER | Verb.ANNOUNCE:
            return ""


def _unreadable(situation: Situation, reason: str) -> Unreadable:
    return Unreadable(environment=situation.environment, model=situation.model, reason=reason)
