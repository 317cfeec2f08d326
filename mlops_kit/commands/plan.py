"""The changes that would make environments run what their branches say; nothing is changed."""

from collections.abc import Sequence
from dataclasses import replace

from mlops_kit.commands.announce import read_board
from mlops_kit.commands.observe import View, observe_all
from mlops_kit.commands.policy import ask_policy
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.promotion.bundles import hold_bundles
from mlops_kit.core.promotion.desired import Desired, NothingDesired
from mlops_kit.core.promotion.plan import join_plans, plan
from mlops_kit.core.promotion.remarks import remarks
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import EnvironmentName, ModelName, Plan, Unreadable


def plan_environments(world: World, names: Sequence[str], *, revision: str | None = None) -> Plan:
    """The plans of the named environments, of all where none is named.

    Of all, those that nothing asks anything of are left out, and one that cannot be read is unknown.
    """
    world.git.fetch()
    chosen = choose_environments(world, names)
    views = observe_all(world, chosen, revision=revision)
    if names or revision:
        return join_plans(_plan(world, name, views[name]) for name in chosen)
    return join_plans(_plan_if_any(world, name, views[name]) for name in chosen)


def plan_environment(world: World, name: EnvironmentName, *, revision: str | None = None) -> Plan:
    """The plan of one environment, as last fetched; with `revision`, as if that were merged into its branch.

    InputError where nothing asks anything of the environment yet.
    """
    return _plan(world, name, observe_all(world, [name], revision=revision)[name])


def _plan_if_any(world: World, name: EnvironmentName, view: View | KitError) -> Plan:
    if isinstance(view, View) and isinstance(view.desired, NothingDesired):
        return Plan()
    try:
        return _plan(world, name, view)
    except KitError as error:
        return Plan(unknown=(Unreadable(environment=name, model=ModelName(""), reason=str(error)),))


def _plan(world: World, name: EnvironmentName, view: View | KitError) -> Plan:
    if isinstance(view, KitError):
        raise view
    if isinstance(view.desired, NothingDesired):
        raise InputError(f"environment {name} cannot be planned: {view.desired.reason}", hint=view.desired.hint)
    return join_plans(replace(plan(found), remarks=remarks(found)) for found in read_board(world, judge(world, view)))


def judge(world: World, view: View) -> tuple[Situation, ...]:
    """The view's situations with all answers that decide: of gates, of people, of the DVC remote.

    What is held back of a bundle holds back the rest of it.
    """
    bundles = view.desired.config.bundle if isinstance(view.desired, Desired) else {}
    return hold_bundles(ask_policy(world, view.situations), bundles)


def choose_environments(world: World, names: Sequence[str]) -> tuple[EnvironmentName, ...]:
    """The named environments, or all, each after the one it comes after; InputError for a name that is none."""
    known = world.config.environments
    for name in names:
        if name not in known:
            raise InputError(f"{name!r} is not an environment", hint=f"environments are: {', '.join(known)}")
    chosen = [name for name in known if not names or name in names]
    return tuple(sorted(chosen, key=lambda name: _depth(world.config, name)))


def _depth(config: Config, name: EnvironmentName) -> int:
    after = config.environments[name].after
    return 0 if after is None else 1 + _depth(config, after)
