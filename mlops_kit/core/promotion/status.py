"""The state of every model in every environment in one pair of words: sync and health.

Source of schemas/status.schema.json: `status` prints a Status, and nothing about it is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlops_kit.core.promotion.health import worst_health
from mlops_kit.core.promotion.observed import Observed, Pointer, alias_text, read_pointers, serving_text
from mlops_kit.core.promotion.plan import plan
from mlops_kit.core.promotion.remarks import remarks
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import AliasReading, EnvironmentName, Health, ModelName, ServingReading, Sync

_SYNC_WORST_LAST = (Sync.SYNCED, Sync.OUT_OF_SYNC, Sync.BLOCKED, Sync.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """One model in one environment: digests as text (None: there is none), and what they come to.

    `seq`, `commit` and `since` (ISO 8601, UTC) are those of the record that made the live version live; `version` is
    the registry's number for it, None where the alias does not lead to it. `registry` is what the alias points to,
    `serving` what the target runs; both None where not used or not known. `message` says why it is not Synced and
    Healthy, empty where it is.
    """

    desired: str | None
    live: str | None
    registry: str | None
    serving: str | None
    sync: Sync
    health: Health
    message: str
    version: str | None = None
    seq: int | None = None
    commit: str | None = None
    since: str | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """One environment: the branch it follows, the commit that was read, its models by name, and the worst of them."""

    branch: str
    commit: str | None
    sync: Sync
    health: Health
    message: str = ""
    models: dict[ModelName, ModelStatus] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Status:
    """All environments by name, in the order of the configuration."""

    environments: dict[EnvironmentName, EnvironmentStatus]

    @property
    def sync(self) -> Sync:
        """The worst of the environments that have a branch; one that waits for its first merge does not count."""
        return worst_sync(found.sync for found in self.environments.values() if found.commit is not None)


def model_status(situation: Situation) -> ModelStatus:
    """The state of one model in one environment."""
    observed, live = situation.observed, situation.observed.live
    sync, message = _sync(situation)
    health, complaint = _health(observed)
    return ModelStatus(
        desired=str(situation.digest) if situation.digest else None,
        live=str(live.digest) if live else None,
        registry=alias_text(observed) or None,
        serving=serving_text(observed) or None,
        sync=sync,
        health=health,
        message=message or complaint,
        version=_version(observed),
        seq=live.seq if live else None,
        commit=live.commit if live else None,
        since=live.recorded_at.isoformat() if live and live.recorded_at else None,
    )


def _version(observed: Observed) -> str | None:
    """The registry's number for the live version, where the alias leads to it."""
    live, alias = observed.live, observed.alias
    if live is None or not isinstance(alias, AliasReading) or alias.version is None:
        return None
    return alias.version.number if alias.version.digest == live.digest else None


def worst_sync(syncs: Iterable[Sync]) -> Sync:
    """The worst of them; Synced for none."""
    return max(syncs, key=_SYNC_WORST_LAST.index, default=Sync.SYNCED)


def environment_status(situations: Iterable[Situation], *, branch: str, commit: str) -> EnvironmentStatus:
    """The state of an environment that has a branch."""
    models = {situation.model: model_status(situation) for situation in situations}
    return EnvironmentStatus(
        branch=branch,
        commit=commit,
        sync=worst_sync(status.sync for status in models.values()),
        health=worst_health(status.health for status in models.values()),
        models=models,
    )


def _sync(situation: Situation) -> tuple[Sync, str]:
    todo, said = plan(situation), remarks(situation)
    text = "; ".join(found.message for found in said)
    if todo.unknown:
        return Sync.UNKNOWN, "; ".join(item.reason for item in todo.unknown)
    if todo.blocked:
        reasons = [item.reason for item in todo.blocked] + [found.message for found in said]
        return Sync.BLOCKED, "; ".join(dict.fromkeys(reasons))
    if todo.changes:
        return Sync.OUT_OF_SYNC, text or f"to do: {', '.join(change.verb for change in todo.changes)}"
    return (Sync.OUT_OF_SYNC if any(found.differs for found in said) else Sync.SYNCED), text


def _health(observed: Observed) -> tuple[Health, str]:
    """The serving target's own word; where none is used, whether the alias leads to the live version."""
    if observed.unreadable:
        return Health.UNKNOWN, ""
    if observed.live is None:
        return Health.MISSING, "nothing was promoted yet"
    if isinstance(observed.serving, ServingReading):
        return observed.serving.health, observed.serving.message
    if isinstance(observed.alias, AliasReading) and observed.alias.version is None:
        return Health.MISSING, "the registry's alias leads nowhere"
    pointers = read_pointers(observed).values()
    return (Health.HEALTHY if all(where is Pointer.RIGHT for where in pointers) else Health.DEGRADED), ""
