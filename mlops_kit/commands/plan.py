"""The changes that would make environments run what their branches say; nothing is changed."""

from collections.abc import Sequence
from dataclasses import replace

from mlops_kit.commands.announce import read_board
from mlops_kit.commands.evidence import answer_gates
from mlops_kit.commands.observe import View, observe
from mlops_kit.commands.override import find_merged_override
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config
from mlops_kit.core.errors import InputError
from mlops_kit.core.promotion.desired import NothingDesired
from mlops_kit.core.promotion.obstacles import is_refused_by_gates, needs_gates
from mlops_kit.core.promotion.plan import join_plans, plan
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import EnvironmentName, Plan


def plan_environments(world: World, names: Sequence[str], *, revision: str | None = None) -> Plan:
    """The plans of the named environments, of all where none is named; those without a branch are left out."""
    world.git.fetch()
    return join_plans(
        plan_environment(world, name, revision=revision)
        for name in choose_environments(world, names)
        if names or revision or world.git.branch_head(world.config.environments[name].branch)
    )


def plan_environment(world: World, name: EnvironmentName, *, revision: str | None = None) -> Plan:
    """The plan of one environment, as last fetched; with `revision`, as if that were merged into its branch.

    InputError where the environment has no branch yet.
    """
    view = observe(world, name, revision=revision)
    if isinstance(view.desired, NothingDesired):
        raise InputError(f"environment {name} cannot be planned: {view.desired.reason}", hint="create the branch first")
    return join_plans(plan(situation) for situation in read_board(world, judge(world, view)))


def judge(world: World, view: View) -> tuple[Situation, ...]:
    """The view's situations with the answers of the gates where those decide, and who accepted a refusal by hand."""
    return tuple(_ask_gates(world, situation) if needs_gates(situation) else situation for situation in view.situations)


def _ask_gates(world: World, situation: Situation) -> Situation:
    answered = replace(situation, gates=answer_gates(world, situation))
    if world.open_forge is None or not is_refused_by_gates(answered):
        return answered
    desired = situation.desired
    found = find_merged_override(
        world.open_forge(),
        desired.commit,
        branch=desired.environment.branch,
        label=desired.config.review.override_label,
    )
    return replace(answered, override=found)


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
