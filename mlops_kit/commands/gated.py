"""Asks the gates about a comparison, with what else they need to know: obstacles, and how metrics scatter."""

from dataclasses import dataclass, replace

from mlops_kit.commands.comparison import Comparison, find_all_obstacles
from mlops_kit.commands.samples import read_samples
from mlops_kit.core.ports import Git
from mlops_kit.core.review.comparability import ObstacleRow
from mlops_kit.core.review.gates import GateInputs, evaluate_gates, gated_obstacles, may_be_noise
from mlops_kit.core.review.live import with_live_obstacles
from mlops_kit.core.types import CommitSha, GateAnswer


@dataclass(frozen=True, kw_only=True)
class Gated:
    """The gates' answers. `doubts` are those of the obstacles that concern a gate."""

    answers: tuple[GateAnswer, ...]
    obstacles: tuple[ObstacleRow, ...]
    doubts: tuple[ObstacleRow, ...]
    notes: tuple[str, ...] = ()


def answer_gates(compared: Comparison, git: Git) -> Gated:
    """The answers; history is read only where it may make one milder."""
    config, base = compared.config, CommitSha(compared.sides.base.commit)
    rules = config.environments[compared.environment]
    obstacles = find_all_obstacles(compared)
    values = GateInputs(
        head=compared.head.metrics,
        base=compared.base.metrics,
        live=compared.live.files,
        base_error=compared.base_error,
        live_error=compared.live.error,
        obstacles=with_live_obstacles(obstacles, compared.live, base),
        evaluations=compared.evaluated.evaluations,
    )
    answers = evaluate_gates(compared.environment, rules, config, values)
    doubts = gated_obstacles(rules, config, values)
    if not may_be_noise(rules, ((found.rule, found.answer) for found in answers)):
        return Gated(answers=answers, obstacles=obstacles, doubts=doubts)
    samples = read_samples(git, config, base)
    answers = evaluate_gates(compared.environment, rules, config, replace(values, history=samples.values))
    return Gated(answers=answers, obstacles=obstacles, doubts=doubts, notes=samples.notes)
