"""Makes every environment run what its branch says: observe, plan, apply, report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlops_kit.commands.announce import board_remarks, read_board
from mlops_kit.commands.apply import apply
from mlops_kit.commands.mirror import mirror_log
from mlops_kit.commands.observe import View, observe_all
from mlops_kit.commands.plan import choose_environments, judge
from mlops_kit.commands.world import World
from mlops_kit.core.errors import InputError, KitError, RefusedError
from mlops_kit.core.promotion.desired import NothingDesired
from mlops_kit.core.promotion.outcome import Failure, Outcome, join_outcomes
from mlops_kit.core.promotion.plan import plan
from mlops_kit.core.promotion.remarks import remarks
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Blocked, Change, EnvironmentName, ModelName, Plan, Remark, Verb

ATTEMPTS = 5
"""How often an environment is planned when somebody else is first each time."""


_Act = Callable[[World, Situation, Plan], Iterable[Change | Remark]]


def reconcile(world: World, names: Sequence[str] = ()) -> tuple[Outcome, ...]:
    """Carry out the plans of the named environments, or of all, in their order.

    All are read at once, and those that are still to come again after something was done: a promotion changes what the
    next environment's order check sees. One environment's failure does not stop the others; what went wrong is in the
    outcomes. InputError for a name that is no environment, or that has no branch yet.
    """
    world.git.fetch()
    waiting = list(_choose(world, names))
    views, outcomes = observe_all(world, waiting), list[Outcome]()
    while waiting:
        name = waiting.pop(0)
        settled = _settle(world, name, views[name])
        outcomes.append(settled.outcome)
        if settled.changed and waiting:
            views = observe_all(world, waiting)
    return mirror_log(world, tuple(outcomes))


def compare(world: World, names: Sequence[str] = ()) -> tuple[Outcome, ...]:
    """The same outcomes with every change pending: nothing is written."""
    world.git.fetch()
    views = observe_all(world, _choose(world, names))
    return tuple(_attempt(world, name, view, act=_leave) for name, view in views.items())


def _choose(world: World, names: Sequence[str]) -> tuple[EnvironmentName, ...]:
    """The environments to reconcile; one that was asked for by name must have a branch."""
    chosen = choose_environments(world, names)
    for name in chosen if names else ():
        branch = world.config.environments[name].branch
        if world.git.branch_head(branch) is None:
            raise InputError(f"environment {name} has no branch {branch} yet", hint="create the branch first")
    return chosen


@dataclass(frozen=True, kw_only=True)
class _Settled:
    """What an environment came to, and whether anything may be otherwise now than when all were read."""

    outcome: Outcome
    changed: bool


def _settle(world: World, name: EnvironmentName, view: View | KitError) -> _Settled:
    """Reconcile, and where somebody else was first, look again: mostly there is nothing left to do.

    What looks moved by hand is looked at twice: it may have been another run in the middle of its work.
    """
    outcome, superseded = _attempt(world, name, view, act=apply), False
    for attempt in range(1, ATTEMPTS):
        if not outcome.superseded and not (outcome.differs and attempt == 1):
            break
        superseded = superseded or outcome.superseded
        world.git.fetch()
        again = observe_all(world, [name])[name]
        outcome = outcome.followed_by(_attempt(world, name, again, act=apply))
    return _Settled(outcome=outcome, changed=superseded or bool(outcome.done or outcome.failures))


def _attempt(world: World, name: EnvironmentName, view: View | KitError, *, act: _Act) -> Outcome:
    try:
        return _reconcile_environment(world, name, view, act=act)
    except KitError as error:
        return Outcome(environment=name, failures=(_failure(name, ModelName(""), error),))


def _reconcile_environment(world: World, name: EnvironmentName, view: View | KitError, *, act: _Act) -> Outcome:
    if isinstance(view, KitError):
        raise view
    if isinstance(view.desired, NothingDesired):
        return Outcome(environment=name, remarks=(_nothing(view.desired),))
    situations = read_board(world, judge(world, view))
    outcomes = [_promote(world, situation, act=act) for situation in situations]
    return join_outcomes(name, [*outcomes, Outcome(environment=name, remarks=board_remarks(situations))])


def _promote(world: World, situation: Situation, *, act: _Act) -> Outcome:
    """One model: plan, act, and tell what came of it; what is refused halfway is blocked, what breaks is a failure."""
    todo, told = plan(situation), list[Change | Remark]()
    blocked, failures = todo.blocked, tuple[Failure, ...]()
    try:
        told.extend(act(world, situation, todo))
    except RefusedError as error:
        blocked += (_blocked(situation, error),)
    except KitError as error:
        failures = (_failure(situation.environment, situation.model, error),)
    done = tuple(one for one in told if isinstance(one, Change))
    said = tuple(one for one in told if isinstance(one, Remark))
    return Outcome(
        environment=situation.environment,
        done=done,
        pending=tuple(change for change in todo.changes[len(done) :] if change.verb is not Verb.ANNOUNCE or not said),
        blocked=blocked,
        unknown=todo.unknown,
        failures=failures,
        remarks=(*remarks(situation), *said),
        stale=situation.observed.is_behind_registry,
    )


def _leave(world: World, situation: Situation, todo: Plan) -> tuple[Change, ...]:  # noqa: ARG001 - an act
    return ()


def _nothing(desired: NothingDesired) -> Remark:
    return Remark(environment=desired.name, model=ModelName(""), message=desired.reason)


def _blocked(situation: Situation, error: RefusedError) -> Blocked:
    return Blocked(environment=situation.environment, model=situation.model, reason=str(error), hint=error.hint)


def _failure(environment: EnvironmentName, model: ModelName, error: KitError) -> Failure:
    return Failure(environment=environment, model=model, problem=error.problems[0], code=error.code)
