"""Asks what only the outside knows about a promotion: gates, people, and whether the bytes are where they must be.

Each question is asked only where its answer decides: where all that comes before lets the version pass.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from mlops_kit.commands.approval import find_approval, find_merged
from mlops_kit.commands.evidence import gather_evidence
from mlops_kit.commands.override import find_merged_override
from mlops_kit.commands.world import World
from mlops_kit.core.errors import InputError, OutsideError, RefusedError
from mlops_kit.core.promotion.obstacles import is_refused_by_gates, is_waiting, needs_approval, needs_bytes, needs_gates
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.promotion.standing import find_hold


def ask_policy(world: World, situations: Iterable[Situation]) -> tuple[Situation, ...]:
    """The situations with every answer that decides; where one could not be had, with the reason.

    The DVC remote is asked last, once for all versions that nothing else holds back.
    """
    return _ask_bytes(world, tuple(_ask(world, situation) for situation in situations))


_Question = tuple[Callable[[Situation], bool], Callable[[World, Situation], Situation]]


def _ask(world: World, situation: Situation) -> Situation:
    if situation.observed.unreadable or find_hold(situation.observed.notes):
        return situation
    try:
        for decides, ask in _QUESTIONS:
            situation = ask(world, situation) if decides(situation) else situation
    except OutsideError as error:
        return replace(situation, unanswered=(str(error),))
    return situation


def _ask_hotfix(world: World, situation: Situation) -> Situation:
    """Whether somebody says that the version must not wait: in person, or by a label on the merged pull request."""
    if world.hotfix:
        return replace(situation, hotfix=world.hotfix)
    if world.open_forge is None or situation.ahead:
        return situation
    label = situation.desired.config.promotion.hotfix_label
    try:
        merged = find_merged(world.open_forge(), situation)
    except (RefusedError, InputError):  # what nobody can show does not hold
        return situation
    if merged is None or label not in merged.labels:
        return situation
    by = f" by {merged.author}" if merged.author else ""
    return replace(situation, hotfix=f"label {label} on #{merged.number}{by}", pull_request=merged.number)


def _ask_gates(world: World, situation: Situation) -> Situation:
    found = gather_evidence(world, situation)
    return replace(situation, gates=found.answers, evidence=found.key)


def _ask_override(world: World, situation: Situation) -> Situation:
    if world.open_forge is None:
        return situation
    desired = situation.desired
    found = find_merged_override(
        world.open_forge(),
        desired.commit,
        branch=desired.environment.branch,
        label=desired.config.review.override_label,
    )
    return replace(situation, override=found)


def _ask_approval(world: World, situation: Situation) -> Situation:
    found = find_approval(world, situation)
    return replace(situation, approval=found.approval, pull_request=found.pull_request or situation.pull_request)


_QUESTIONS: tuple[_Question, ...] = (
    (is_waiting, _ask_hotfix),
    (needs_gates, _ask_gates),
    (is_refused_by_gates, _ask_override),
    (needs_approval, _ask_approval),
)


def _ask_bytes(world: World, situations: tuple[Situation, ...]) -> tuple[Situation, ...]:
    asking = [one for one in situations if _decide_bytes(one)]
    if not asking:
        return situations
    try:
        missing = world.artifacts.find_missing(one.wanted for one in asking if one.wanted)
    except OutsideError as error:
        reason = f"whether the bytes are in the DVC remote is not known: {error}"
        return tuple(replace(one, unanswered=(reason,)) if one in asking else one for one in situations)
    return tuple(replace(one, lost=True) if one in asking and one.digest in missing else one for one in situations)


def _decide_bytes(situation: Situation) -> bool:
    free = not situation.observed.unreadable and not situation.unanswered and not find_hold(situation.observed.notes)
    return free and needs_bytes(situation)
