"""Keeps the GTO tags of a team that wants them in step with the log: what is missing is made, whoever left it out.

The log is the truth. The mirror is made after it, by every reconcile anew, and its failure is told but undoes nothing.
"""

from collections.abc import Iterable
from dataclasses import replace

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import read_project
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError, KitError
from mlops_kit.core.ports import Mirror
from mlops_kit.core.promotion.gto import gto_name, is_gto_stage, missing_tags, unmirrored
from mlops_kit.core.promotion.outcome import Failure, Outcome
from mlops_kit.core.types import CommitSha, EnvironmentName, Model, ModelName, PromotionRecord, Remark

ATTEMPTS = 5
"""How often tags are derived again when somebody else wrote some meanwhile."""


def mirror_log(world: World, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """Mirror the environments that were reconciled; their outcomes, with what came of it."""
    mirror = world.mirror
    if mirror is None:
        return outcomes
    return tuple(_mirror_environment(world, mirror, outcome) for outcome in outcomes)


def _mirror_environment(world: World, mirror: Mirror, outcome: Outcome) -> Outcome:
    try:
        remarks = _write_missing(world, mirror, outcome.environment)
    except KitError as error:
        failure = Failure(
            environment=outcome.environment, model=ModelName(""), problem=error.problems[0], code=error.code
        )
        return replace(outcome, failures=(*outcome.failures, failure))
    return replace(outcome, remarks=(*outcome.remarks, *remarks))


def _write_missing(world: World, mirror: Mirror, name: EnvironmentName) -> tuple[Remark, ...]:
    """Create what is missing; ConflictError where others were first every time."""
    if not is_gto_stage(name):
        return (_remark(name, ModelName(""), "GTO takes no stage of this name: nothing is mirrored"),)
    names: dict[ModelName, str] = {}
    for _ in range(ATTEMPTS):
        records, tags = world.log.read_records(), mirror.read_tags()
        todo = unmirrored((record for record in records if record.environment == name), tags)
        names = _read_names(world, todo)
        if mirror.create_tags(missing_tags(records, names, tags)):
            return tuple(_skipped(name, model) for model in sorted({record.model for record in todo} - names.keys()))
    raise ConflictError("the GTO tags could not be written: others wrote some at the same time", hint="run again")


def _read_names(world: World, records: Iterable[PromotionRecord]) -> dict[ModelName, str]:
    """What GTO calls the models of these records, each as its newest commit declares it."""
    newest = {record.model: record.commit for record in records}
    found: dict[CommitSha, tuple[Model, ...]] = {}
    for commit in newest.values():
        if commit not in found:
            found[commit] = read_project(world.git, require_commit(world.git, commit).commit).models
    models = [model for name, commit in newest.items() for model in found[commit] if model.name == name]
    return {model.name: spelled for model in models if (spelled := gto_name(model))}


def _skipped(environment: EnvironmentName, model: ModelName) -> Remark:
    return _remark(environment, model, "GTO has no room for this model's name: its promotions are not mirrored")


def _remark(environment: EnvironmentName, model: ModelName, message: str) -> Remark:
    return Remark(environment=environment, model=model, message=message)
