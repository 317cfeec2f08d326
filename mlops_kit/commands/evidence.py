"""Asks the gates of an environment about the version that its branch desires."""

from dataclasses import replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import Facts
from mlops_kit.commands.live import Shelf
from mlops_kit.commands.samples import read_samples
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config
from mlops_kit.core.errors import KitError
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.review.comparability import ObstacleRow, find_obstacles
from mlops_kit.core.review.gates import GateInputs, evaluate_gates, may_be_noise
from mlops_kit.core.types import GateAnswer


def answer_gates(world: World, situation: Situation) -> tuple[GateAnswer, ...]:
    """The gates' answers by the metrics of the branch's head, compared with those of the live version.

    On the branch itself, what was merged into and what is live are one: both baselines are the commit that the
    environment's last record names. A first promotion has none.
    """
    desired, live = situation.desired, situation.observed.live
    if not desired.environment.gates:
        return ()
    shelf = Shelf(git=world.git, resolver=world.resolver)
    head = shelf.read(situation.commit)
    try:
        before = shelf.read(require_commit(world.git, live.commit).commit) if live else None
    except KitError as error:
        why = str(error)
        inputs = GateInputs(head=head.metrics, base=(), live=(), base_error=why, live_error=why)
    else:
        inputs = _inputs(head, before, desired.config)
    answers = evaluate_gates(desired.name, desired.environment, desired.config, inputs)
    if live is None or not may_be_noise(desired.environment, ((found.rule, found.answer) for found in answers)):
        return answers
    history = read_samples(world.git, desired.config, live.commit).values
    return evaluate_gates(desired.name, desired.environment, desired.config, replace(inputs, history=history))


def _inputs(head: Facts, before: Facts | None, config: Config) -> GateInputs:
    metrics = before.metrics if before else None
    return GateInputs(head=head.metrics, base=metrics, live=metrics, obstacles=_obstacles(head, before, config))


def _obstacles(head: Facts, before: Facts | None, config: Config) -> tuple[ObstacleRow, ...]:
    """What keeps head from being compared with the live version, by either name."""
    if before is None:
        return ()
    found = find_obstacles(before.project, head.project, config, metrics=head.metrics)
    return (*found, *(replace(row, against="live") for row in found))
