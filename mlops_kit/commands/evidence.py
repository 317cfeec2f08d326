"""Asks the gates of an environment about the version that its branch desires, or finds what they said of it before."""

from dataclasses import dataclass, replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.evaluations import Place, read_evaluations
from mlops_kit.commands.facts import CommitTree, Facts
from mlops_kit.commands.live import Shelf
from mlops_kit.commands.samples import read_samples
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config
from mlops_kit.core.errors import KitError
from mlops_kit.core.promotion.binding import Measured, bind_evidence, find_known, reuse_answers
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.review.comparability import ObstacleRow, find_obstacles
from mlops_kit.core.review.evaluation import Evaluation
from mlops_kit.core.review.gates import GateInputs, evaluate_gates, may_be_noise
from mlops_kit.core.types import Digest, EvidenceKey, GateAnswer


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The gates' answers and what they are bound to; no key where what is live could not be read."""

    answers: tuple[GateAnswer, ...] = ()
    key: EvidenceKey | None = None


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """The facts of the branch's head and of what is live: None before a first promotion, or why it has none."""

    head: Facts
    live: Facts | None
    error: str = ""


def gather_evidence(world: World, situation: Situation) -> Evidence:
    """The gates' answers by the metrics of the branch's head, compared with those of the live version.

    On the branch itself, what was merged into and what is live are one: both baselines are the commit that the
    environment's last record names. A first promotion has none. What gates said before of the same version, by the
    same policy and data, in any environment, they are not asked again, unless it was scored beside what is live here.
    """
    if not situation.desired.environment.gates:
        return Evidence()
    sides = _read_sides(world, situation)
    held = _read_held(world, situation, sides.head)
    key = _bind(situation, sides)
    known = find_known(situation.observed.everywhere, situation.digest, key) if key and situation.digest else None
    if known and not held:
        return Evidence(answers=reuse_answers(known, situation.environment), key=key)
    return Evidence(answers=_ask(world, situation, sides, held), key=key)


def _read_held(world: World, situation: Situation, head: Facts) -> tuple[Evaluation, ...]:
    """The evaluation that was merged with the version, where it is of what is live here now."""
    live, config = situation.observed.live, situation.desired.config
    policy = config.evaluate.get(situation.model)
    if live is None or policy is None:
        return ()
    tree = CommitTree(git=world.git, commit=situation.commit)
    place = Place(tree=tree, project=head.project, environment=situation.environment)
    own = config.model_copy(update={"evaluate": {situation.model: policy}})
    return read_evaluations(place, own, {situation.model: live.digest}).evaluations


def _read_sides(world: World, situation: Situation) -> _Sides:
    shelf, live = Shelf(git=world.git, resolver=world.resolver), situation.observed.live
    head = shelf.read(situation.commit)
    try:
        return _Sides(head=head, live=shelf.read(require_commit(world.git, live.commit).commit) if live else None)
    except KitError as error:
        return _Sides(head=head, live=None, error=str(error))


def _bind(situation: Situation, sides: _Sides) -> EvidenceKey | None:
    if sides.error:
        return None
    live = situation.observed.live
    return bind_evidence(
        situation.desired.environment,
        situation.desired.config,
        _measured(sides.head, situation.digest),
        _measured(sides.live, live.digest) if live and sides.live else None,
    )


def _measured(facts: Facts, digest: Digest | None) -> Measured:
    return Measured(digest=digest, project=facts.project, metrics=facts.metrics)


def _ask(world: World, situation: Situation, sides: _Sides, held: tuple[Evaluation, ...]) -> tuple[GateAnswer, ...]:
    desired, live = situation.desired, situation.observed.live
    inputs = replace(_inputs(sides, desired.config), evaluations=held)
    answers = evaluate_gates(desired.name, desired.environment, desired.config, inputs)
    if live is None or not may_be_noise(desired.environment, ((found.rule, found.answer) for found in answers)):
        return answers
    history = read_samples(world.git, desired.config, live.commit).values
    return evaluate_gates(desired.name, desired.environment, desired.config, replace(inputs, history=history))


def _inputs(sides: _Sides, config: Config) -> GateInputs:
    if sides.error:
        return GateInputs(head=sides.head.metrics, base=(), live=(), base_error=sides.error, live_error=sides.error)
    metrics = sides.live.metrics if sides.live else None
    obstacles = _obstacles(sides.head, sides.live, config)
    return GateInputs(head=sides.head.metrics, base=metrics, live=metrics, obstacles=obstacles)


def _obstacles(head: Facts, before: Facts | None, config: Config) -> tuple[ObstacleRow, ...]:
    """What keeps head from being compared with the live version, by either name."""
    if before is None:
        return ()
    found = find_obstacles(before.project, head.project, config, metrics=head.metrics)
    return (*found, *(replace(row, against="live") for row in found))
