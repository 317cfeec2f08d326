"""Compares what stages want with what the nodes of a cluster have."""

from collections.abc import Iterable, Mapping, Sequence

from mlops_kit.core.errors import InvalidInputError, Location, Problem
from mlops_kit.core.pipeline.stages import PIPELINE_FILE
from mlops_kit.core.run import PlannedStage, Wants

_KEYS = {"CPU": "cpus", "GPU": "gpus"}
"""What dvc.yaml calls resources that Ray counts by itself."""
_HINT = "add a node that has it (see them with: ray status), or want less"


def require_fitting(stages: Iterable[PlannedStage], nodes: Sequence[Mapping[str, float]]) -> None:
    """InvalidInputError with every stage that no node could run by itself; nodes are amounts by resource."""
    problems = [problem for stage in stages for problem in _problems(stage, nodes)]
    if problems:
        raise InvalidInputError(problems)


def fits(wants: Wants, nodes: Sequence[Mapping[str, float]]) -> bool:
    """Whether any of the nodes has all that a stage wants."""
    wanted = _count_wanted(wants)
    return any(all(node.get(name, 0.0) >= amount for name, amount in wanted.items()) for node in nodes)


def _count_wanted(wants: Wants) -> Mapping[str, float]:
    """The amounts that a stage wants, by resource; without those of which it wants nothing."""
    amounts = {**wants.resources, "CPU": wants.cpus, "GPU": float(wants.gpus or 0)}
    return {name: amount for name, amount in amounts.items() if amount}


def _problems(stage: PlannedStage, nodes: Sequence[Mapping[str, float]]) -> Iterable[Problem]:
    for name in sorted(_KEYS.keys() & stage.wants.resources.keys()):
        yield _problem(stage, f"resources: {name} is not a custom resource", hint=f"write it as {_KEYS[name]}: 1")
        return
    if fits(stage.wants, nodes):
        return
    wanted = _count_wanted(stage.wants)
    for name, amount in wanted.items():
        most = max((node.get(name, 0.0) for node in nodes), default=0.0)
        if most < amount:
            yield _problem(stage, f"wants {amount:g} {name}, and the most that a node of the cluster has is {most:g}")
            return
    text = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items())
    yield _problem(stage, f"wants {text}, and no single node of the cluster has all of it")


def _problem(stage: PlannedStage, message: str, *, hint: str = _HINT) -> Problem:
    file, _, name = stage.name.rpartition(":")
    place = Location(file=file or PIPELINE_FILE)
    return Problem(message=message, location=place, field=f"stages.{name}.meta.mlops", hint=hint)
