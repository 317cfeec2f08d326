"""When the forge's board must be told of a promotion.

Announcements are for people: nothing is decided by them, and a board that cannot be read stops nothing. Only the live
version is announced, never what was live before the board was used.
"""

from dataclasses import replace

from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.promotion.observed import NotUsed, Observed, Pointer, Unknown, read_pointers
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.promotion.standing import find_abort
from mlops_kit.core.types import Change, Health, Plan, PromotionRecord, ServingReading, Verb

_STANDS = frozenset({Health.HEALTHY, Health.SUSPENDED})
_MOVES = (Verb.DEPLOY, Verb.SET_ALIAS)


def with_announcement(situation: Situation, todo: Plan) -> Plan:
    """The plan, with an announcement at its end where the board will have to say something else."""
    observed = situation.observed
    if isinstance(observed.announced, Unknown | NotUsed) or todo.unknown:
        return todo
    if any(change.verb is Verb.RECORD for change in todo.changes):
        target = situation.digest
    elif observed.live and not is_announced(observed.announced, observed.live) and _will_be_live(observed, todo):
        target = observed.live.digest
    else:
        return todo
    announcement = Change(
        environment=situation.environment,
        model=situation.model,
        verb=Verb.ANNOUNCE,
        source=_present(observed.announced, str(target)),
        target=str(target),
    )
    return replace(todo, changes=(*todo.changes, announcement))


def is_announced(announced: Announcement | None, record: PromotionRecord, *states: DeploymentState) -> bool:
    """Whether the board shows the record in one of these states; without states: as a success."""
    return (
        announced is not None
        and (announced.seq, announced.digest) == (record.seq, record.digest)
        and announced.state in (states or (DeploymentState.SUCCESS,))
    )


def first_move(todo: Plan) -> Verb | None:
    """Before which change a promotion is announced as begun: the deployment, or the alias where nothing deploys."""
    planned = {change.verb for change in todo.changes}
    return next((verb for verb in _MOVES if verb in planned), None)


def _will_be_live(observed: Observed, todo: Plan) -> bool:
    """Whether alias and serving target will be right after the plan, as far as that can be known before."""
    planned = {change.verb for change in todo.changes}
    wrong = {verb for verb, pointer in read_pointers(observed).items() if pointer is not Pointer.RIGHT}
    is_well = not isinstance(observed.serving, ServingReading) or observed.serving.health in _STANDS
    return wrong <= planned and (is_well or Verb.DEPLOY in planned) and find_abort(observed) is None


def _present(announced: Announcement | None, target: str) -> str:
    """What the board shows now: another digest, the state of this one, or nothing."""
    if announced is None:
        return ""
    return announced.state.value if str(announced.digest) == target else str(announced.digest)
