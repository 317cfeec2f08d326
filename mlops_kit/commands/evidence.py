"""Asks the gates of an environment about the version that its branch desires."""

from mlops_kit.commands.facts import read_metrics
from mlops_kit.commands.world import World
from mlops_kit.core.errors import KitError
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.review.gates import GateInputs, evaluate_gates
from mlops_kit.core.types import GateAnswer


def answer_gates(world: World, situation: Situation) -> tuple[GateAnswer, ...]:
    """The gates' answers by the metrics of the branch's head, compared with those of the live version.

    On the branch itself, what was merged into and what is live are one: both baselines are the commit that the
    environment's last record names. A first promotion has none.
    """
    desired, live = situation.desired, situation.observed.live
    if not desired.environment.gates:
        return ()
    head = read_metrics(world.git, world.resolver, desired.commit)
    try:
        before = read_metrics(world.git, world.resolver, live.commit) if live else None
    except KitError as error:
        why = str(error)
        inputs = GateInputs(head=head, base=(), live=(), base_error=why, live_error=why)
    else:
        inputs = GateInputs(head=head, base=before, live=before)
    return evaluate_gates(desired.name, desired.environment, desired.config, inputs)
