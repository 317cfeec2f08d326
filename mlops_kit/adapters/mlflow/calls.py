"""What the registry asks of an MLflow, by REST or by its client: small calls, each one thing, all with plain values.

Every call raises OutsideError where MLflow failed, and ConflictError where somebody else made the same thing at the
same time. A call that creates is never repeated by whoever carries it: the caller looks what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlops_kit.core.tracking import RunData

READY, FAILED = "READY", "FAILED_REGISTRATION"


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A registered model: numbers by alias, and tags."""

    name: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VersionEntry:
    """A version of a registered model; `status` in MLflow's words."""

    name: str
    number: int
    status: str = READY
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VersionDraft:
    """A version to create: `source` is the address of its bytes, `run_id` the run that holds them."""

    name: str
    source: str
    run_id: str
    tags: Mapping[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """A run, and the address of its artifacts."""

    run_id: str
    artifact_uri: str


class RegistryCalls(Protocol):
    """Registered models and their versions."""

    def find_model(self, name: str) -> ModelEntry | None:
        """The registered model of this name."""

    def search_models(self, query: str) -> tuple[ModelEntry, ...]:
        """All that a filter finds, of every page."""

    def find_version(self, name: str, number: str) -> VersionEntry | None:
        """The version of this number; None also for one that was deleted."""

    def search_versions(self, query: str) -> tuple[VersionEntry, ...]:
        """All that a filter finds, of every page."""

    def create_model(self, name: str, *, tags: Mapping[str, str], description: str) -> None:
        """Create a registered model with its tags."""

    def create_version(self, draft: VersionDraft) -> None:
        """Create a version with its tags."""

    def tag_model(self, name: str, key: str, value: str) -> None:
        """Set a registered model's tag."""

    def tag_version(self, name: str, number: int, *, key: str, value: str) -> None:
        """Set a version's tag."""

    def set_alias(self, name: str, alias: str, number: str) -> None:
        """Point an alias; the last writer wins."""


class RunCalls(Protocol):
    """Runs, and the bytes that they hold."""

    def find_experiment(self, name: str) -> str:
        """Its id, empty where there is none."""

    def create_experiment(self, name: str) -> None:
        """Create it."""

    def find_runs(self, experiment: str, query: str) -> tuple[RunEntry, ...]:
        """The first runs that a filter finds, oldest first."""

    def create_run(self, experiment: str, name: str, *, tags: Mapping[str, str]) -> None:
        """Create a run with its tags."""

    def log_run(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Log params, metrics and tags; safe to repeat."""

    def end_run(self, run_id: str, *, moment: int) -> None:
        """Say that it is done."""

    def upload(self, run: RunEntry, folder: Path, *, path: str) -> None:
        """Send a folder's files to a path below the run's artifacts; safe to repeat."""

    def list_sizes(self, run: RunEntry, path: str) -> Mapping[str, int]:
        """Size of each file below a path of the run's artifacts, by its path from there."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One MLflow, spoken to in one way."""

    registry: RegistryCalls
    runs: RunCalls
