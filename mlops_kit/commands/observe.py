"""Reads what an environment should run and what it runs; the first step of plan, reconcile and status.

Reads what was last fetched and never fetches itself, so that one verb sees one state of the repository.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mlops_kit.commands.facts import CommitTree, inconsistencies_of, project_of
from mlops_kit.commands.world import World
from mlops_kit.core.config import Config, default_config, parse_config
from mlops_kit.core.errors import InputError, Location, OutsideError
from mlops_kit.core.ports import Registry
from mlops_kit.core.promotion.desired import Desired, DesiredModel, NothingDesired
from mlops_kit.core.promotion.observed import NotUsed, Observed, Unknown
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import (
    AliasReading,
    CommitSha,
    Digest,
    EnvironmentName,
    ModelName,
    PromotionRecord,
    ServingReading,
)


@dataclass(frozen=True, kw_only=True)
class View:
    """One environment as it was read: what its branch asks for, and the situation of each model, by name."""

    desired: Desired | NothingDesired
    situations: tuple[Situation, ...] = ()


def observe(world: World, name: EnvironmentName, *, revision: str | None = None) -> View:
    """Read one environment; with `revision`, as if that were the head of its branch."""
    desired = read_desired(world, name, revision=revision)
    if isinstance(desired, NothingDesired):
        return View(desired=desired)
    records = world.log.read_records()
    models = _model_names(desired, records)
    situations = tuple(_observe_model(world, desired, model=model, records=records) for model in models)
    return View(desired=desired, situations=tuple(map(_forget_history, situations)) if revision else situations)


def read_desired(world: World, name: EnvironmentName, *, revision: str | None = None) -> Desired | NothingDesired:
    """What the head of the environment's branch, or `revision`, asks for."""
    branch = world.config.environments[name].branch
    commit = world.git.resolve(revision) if revision else world.git.branch_head(branch)
    if commit is None:
        return NothingDesired(name=name, reason=f"no branch {branch} yet")
    tree = CommitTree(git=world.git, commit=commit)
    project = project_of(tree)
    found = tuple(f"{one.stage} {one.path}: {one.message}" for one in inconsistencies_of(tree, project))
    return Desired(
        name=name,
        config=_read_config(world, name, commit),
        commit=commit,
        models=tuple(DesiredModel(model=model, commit=commit, inconsistencies=found) for model in project.models),
    )


def _read_config(world: World, name: EnvironmentName, commit: CommitSha) -> Config:
    """The commit's own configuration, which must know the environment."""
    data = world.git.read_files(commit, [world.config_file]).get(world.config_file)
    config = default_config() if data is None else parse_config(data, file=world.config_file)
    if name not in config.environments:
        raise InputError(
            f"commit {commit[:8]} does not configure the environment {name}",
            location=Location(file=world.config_file),
            hint=f"merge the {world.config_file} that does into the environment's branch",
        )
    return config


def _model_names(desired: Desired, records: Iterable[PromotionRecord]) -> tuple[ModelName, ...]:
    """Models of the branch, and those that were promoted here and are gone from it."""
    promoted = {record.model for record in records if record.environment == desired.name}
    return tuple(sorted(promoted | {found.model.name for found in desired.models}))


def _observe_model(
    world: World, desired: Desired, *, model: ModelName, records: tuple[PromotionRecord, ...]
) -> Situation:
    mine = tuple(record for record in records if record.model == model)
    here = tuple(record for record in mine if record.environment == desired.name)
    earlier = tuple(record for record in mine if record.environment == desired.environment.after)
    noted = world.log.read_notes()
    notes = tuple(note for note in noted if (note.environment, note.model) == (desired.name, model))
    situation = Situation(
        model=model,
        desired=desired,
        observed=Observed(records=here, notes=notes, earlier=earlier, everywhere=mine),
        now=world.clock.now(),
        accept_rewrite=world.accept_rewrite,
    )
    registry = _read_registry(world.registry, situation)
    observed = replace(
        situation.observed,
        registered=registry.digests,
        alias=registry.alias,
        serving=_read_serving(world, situation),
        rewritten=bool(here) and not world.git.is_ancestor(here[-1].commit, desired.commit),
    )
    return replace(situation, observed=observed)


@dataclass(frozen=True, kw_only=True)
class _Registered:
    """What the registry says: the digests that it has versions of, and where the alias points."""

    digests: frozenset[Digest] | Unknown | NotUsed
    alias: AliasReading | Unknown | NotUsed


def _read_registry(registry: Registry | None, situation: Situation) -> _Registered:
    """Both readings or none: a registry that fails is not asked twice."""
    if registry is None:
        return _Registered(digests=NotUsed(), alias=NotUsed())
    live = situation.observed.live
    digests = {situation.digest, live.digest if live else None}
    try:
        wanted = {situation.model: frozenset(digest for digest in digests if digest)}
        reading = registry.read_models(wanted)[situation.model]
    except OutsideError as error:
        return _Registered(digests=Unknown(reason=str(error)), alias=Unknown(reason=str(error)))
    return _Registered(digests=reading.registered, alias=reading.alias(situation.environment))


def _read_serving(world: World, situation: Situation) -> ServingReading | Unknown | NotUsed:
    deploy = situation.desired.environment.deploy
    if deploy is None:
        return NotUsed()
    try:
        return world.deployers.open_deployer(deploy).observe(situation.environment, situation.model)
    except OutsideError as error:
        return Unknown(reason=str(error))


def _forget_history(situation: Situation) -> Situation:
    """A commit that is not on the branch yet cannot have lost the branch's history, nor been approved."""
    return replace(situation, ahead=True, observed=replace(situation.observed, rewritten=False))
