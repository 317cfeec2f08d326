"""Makes a registry anew from the log and the bytes: a version for every digest of the log, an alias for what is live.

For a registry that was lost or restored from an old copy. What is there is left as it is, so it can be run again. An
alias that was moved by hand is told and stays; versions of old records whose bytes are gone are told and left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mlops_kit.commands.commits import require_commit
from mlops_kit.commands.facts import read_project
from mlops_kit.commands.lineage import read_lineage
from mlops_kit.commands.live import confirm_last, last_records
from mlops_kit.commands.plan import choose_environments
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError, InputError, IntegrityError, KitError, RefusedError
from mlops_kit.core.ports import ModelFiles, Registry
from mlops_kit.core.promotion.observed import Pointer, alias_pointer
from mlops_kit.core.promotion.outcome import Failure, Outcome, join_outcomes
from mlops_kit.core.types import (
    Blocked,
    Change,
    Digest,
    EnvironmentName,
    ModelName,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
    Remark,
    Verb,
)

_AHEAD = "the alias was set for a promotion that the log does not have: records are missing"


def rebuild(world: World, names: Sequence[str] = ()) -> tuple[Outcome, ...]:
    """Rebuild what the records of the named environments, or of all, have in the registry.

    One model's failure does not stop the others. InputError where there is no registry, or for a name that is no
    environment.
    """
    if world.registry is None:
        raise InputError(
            "there is no registry to rebuild: mlops.yaml says kind: none, and the log is all there is",
            hint="name a registry in mlops.yaml: registry: {kind: mlflow}",
        )
    chosen = choose_environments(world, names)
    world.git.fetch()
    records = tuple(record for record in world.log.read_records() if record.environment in chosen)
    site = _Site(world=world, registry=world.registry, known=dict(world.registry.read_models(_digests(records))))
    return tuple(_rebuild_environment(site, name, records) for name in chosen)


@dataclass(frozen=True, kw_only=True)
class _Site:
    """The rebuild under way: what the registry knew when it began, and which digests were registered since."""

    world: World
    registry: Registry
    known: Mapping[ModelName, RegistryReading]
    added: set[tuple[ModelName, Digest]] = field(default_factory=set)

    def has(self, record: PromotionRecord) -> bool:
        """Whether the registry has the record's version by now."""
        place = (record.model, record.digest)
        return place in self.added or record.digest in self.known[record.model].registered


def _digests(records: Iterable[PromotionRecord]) -> Mapping[ModelName, frozenset[Digest]]:
    digests: dict[ModelName, frozenset[Digest]] = {}
    for record in records:
        digests[record.model] = digests.get(record.model, frozenset()) | {record.digest}
    return digests


def _rebuild_environment(site: _Site, name: EnvironmentName, records: tuple[PromotionRecord, ...]) -> Outcome:
    here = [record for record in records if record.environment == name]
    live = last_records(here, name)
    versions = [_ensure(site, record, is_live=live[record.model] == record) for record in here]
    aliases = [_point(site, record) for record in live.values() if site.has(record)]
    return join_outcomes(name, [*versions, *aliases])


def _ensure(site: _Site, record: PromotionRecord, *, is_live: bool) -> Outcome:
    """Have a record's version; without its bytes an old record is told, and the live one is held back."""
    if site.has(record):
        return Outcome(environment=record.environment)
    try:
        files = _fetch(site.world, record)
        site.registry.ensure_version(record, files, read_lineage(site.world, record))
    except RefusedError as error:
        return _held_back(record, error) if is_live else _left_out(record, error)
    except KitError as error:
        return _failed(record, error)
    site.added.add((record.model, record.digest))
    return _done(record, Verb.REGISTER)


def _fetch(world: World, record: PromotionRecord) -> ModelFiles:
    """The record's bytes, which must be those that were recorded."""
    try:
        models = read_project(world.git, require_commit(world.git, record.commit).commit).models
    except InputError as error:
        raise RefusedError(f"commit {record.commit[:8]} cannot be read: {error}", hint=error.hint) from error
    model = next((model for model in models if (model.name, model.digest) == (record.model, record.digest)), None)
    if model is None:
        raise RefusedError(f"commit {record.commit[:8]} does not name the bytes of {record.model}")
    files = world.artifacts.fetch_model(model, record.commit)
    if files.sha256 != record.sha256:
        raise IntegrityError(f"{record.model} {record.digest.short} has other bytes than record {record.seq} says")
    return files


def _point(site: _Site, record: PromotionRecord) -> Outcome:
    """Set the alias of what is live, unless it is right, or leads elsewhere by somebody's hand."""
    reading = site.known[record.model].alias(record.environment)
    elsewhere = str(reading.version.digest) if reading.version else reading.foreign
    match alias_pointer(reading, record):
        case Pointer.RIGHT:
            return Outcome(environment=record.environment)
        case Pointer.AHEAD:
            return _held_back(record, RefusedError(_AHEAD))
        case Pointer.MOVED if elsewhere:
            return _remark(record, f"the alias was moved by hand to {elsewhere}", differs=True)
        case Pointer.MOVED | Pointer.UNFINISHED:
            return _set_alias(site, record)


def _set_alias(site: _Site, record: PromotionRecord) -> Outcome:
    world = site.world
    try:
        confirm_last(world.git, world.log, record)
        site.registry.set_alias(_find(site.registry, record), record.environment, seq=record.seq)
        confirm_last(world.git, world.log, record)
    except RefusedError as error:
        return _held_back(record, error)
    except KitError as error:
        return _failed(record, error)
    return _done(record, Verb.SET_ALIAS)


def _find(registry: Registry, record: PromotionRecord) -> RegisteredVersion:
    version = registry.read_version(record.model, record.digest)
    if version is None:
        raise ConflictError(f"the version {record.digest.short} of {record.model} was deleted meanwhile")
    return version


def _left_out(record: PromotionRecord, error: RefusedError) -> Outcome:
    return _remark(record, f"record {record.seq} ({record.digest.short}) stays without a version: {error}")


def _held_back(record: PromotionRecord, error: RefusedError) -> Outcome:
    blocked = Blocked(environment=record.environment, model=record.model, reason=str(error), hint=error.hint)
    return Outcome(environment=record.environment, blocked=(blocked,))


def _remark(record: PromotionRecord, message: str, *, differs: bool = False) -> Outcome:
    remark = Remark(environment=record.environment, model=record.model, message=message, differs=differs)
    return Outcome(environment=record.environment, remarks=(remark,))


def _failed(record: PromotionRecord, error: KitError) -> Outcome:
    failure = Failure(environment=record.environment, model=record.model, problem=error.problems[0], code=error.code)
    return Outcome(environment=record.environment, failures=(failure,))


def _done(record: PromotionRecord, verb: Verb) -> Outcome:
    change = Change(environment=record.environment, model=record.model, verb=verb, source="", target=str(record.digest))
    return Outcome(environment=record.environment, done=(change,))
