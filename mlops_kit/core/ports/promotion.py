"""Where promotions are recorded, registered, deployed and shown."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from mlops_kit.core.config import Deploy
from mlops_kit.core.forge import Announcement
from mlops_kit.core.tracking import NO_LINEAGE, Lineage
from mlops_kit.core.types import (
    AliasReading,
    CommitSha,
    Digest,
    EnvironmentName,
    GtoTag,
    Model,
    ModelName,
    Note,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
    ServingReading,
)


class PromotionLog(Protocol):
    """The append-only log of promotions; reading is of the last fetch."""

    def read_records(self) -> tuple[PromotionRecord, ...]:
        """All records, ordered by model, environment and seq."""

    def append_record(self, record: PromotionRecord) -> None:
        """Add a record at its seq; ConflictError where the seq is taken, nothing written then."""

    def read_notes(self) -> tuple[Note, ...]:
        """All notes, ordered by model, environment and seq."""

    def append_note(self, note: Note) -> None:
        """Add a note at its seq; ConflictError where the seq is taken, nothing written then."""


class Mirror(Protocol):
    """Tags that tell the log to tools of another grammar; reading is of this moment."""

    def read_tags(self) -> tuple[GtoTag, ...]:
        """All tags but the log's own."""

    def create_tags(self, tags: Iterable[GtoTag]) -> bool:
        """Create the tags; False where a name was taken meanwhile. None that exists is changed."""


class Artifacts(Protocol):
    """The bytes of models, by digest, from the cache or the DVC remote."""

    def fetch_model(self, model: Model, commit: CommitSha) -> "ModelFiles":
        """The model's bytes, verified against its digest.

        RefusedError where the bytes are nowhere, IntegrityError where they hash to something else.
        """

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:
        """The digests whose bytes the DVC remote does not have in full; nothing is downloaded.

        Where no remote is configured the cache counts as one. OutsideError where the remote gives no answer.
        """


class ModelFiles(Protocol):
    """A model's verified bytes: relative path of each file to where it lies; a single file has one entry."""

    @property
    def files(self) -> Mapping[str, Path]:
        """Relative path (its name, for a single file) to a readable file."""

    @property
    def sha256(self) -> str:
        """The hash of the tree: see docs/reference/digests.md."""


class Registry(Protocol):
    """A model registry with versions, found by digest, and aliases, one per environment."""

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        """What it knows of each model: which of these digests have versions, and where the aliases point.

        Asked for all models at once, so that it costs few calls where nothing is to do.
        """

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        """The canonical version of the digest: the lowest number that carries it."""

    def ensure_version(
        self, record: PromotionRecord, files: ModelFiles, lineage: Lineage = NO_LINEAGE
    ) -> RegisteredVersion:
        """Find or create the version of the record's digest, with the bytes published; safe to repeat and to race.

        `lineage` is told beside them where the version is made. RefusedError where the name is another repository's.
        """

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        """Where the alias points now."""

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        """Point the alias at the version, read it back, and note which log number it projects."""


class Deployer(Protocol):
    """Sends versions to one serving target."""

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        """What the target runs now and how well."""

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Make the target run the record's version, all of it; safe to repeat.

        Returns when the target has taken it, healthy or not yet. OutsideError where it did not come to run it.
        """

    def test(self, record: PromotionRecord) -> None:
        """Ask the deployed version something (a smoke test); OutsideError where it does not answer as it should."""


@runtime_checkable
class CanaryDeployer(Deployer, Protocol):
    """A deployer that can lead a part of the traffic to a new version beside the stable one."""

    def shift(self, record: PromotionRecord, files: ModelFiles, percent: int) -> None:
        """Lead so much of the traffic, 1 to 99 percent, to the record's version; safe to repeat."""

    def abort(self, record: PromotionRecord) -> None:
        """Lead all traffic to the stable version again, and take the record's away; safe to repeat."""


class Deployers(Protocol):
    """Finds the deployer that an environment's `deploy:` names."""

    def open_deployer(self, deploy: Deploy) -> Deployer:
        """The deployer of this kind with these settings; InputError for an unknown kind or a wrong setting."""


class Board(Protocol):
    """The forge's page of environments: what was deployed where, for people (GitHub Deployments)."""

    def read_last(
        self, environment: EnvironmentName, models: Collection[ModelName]
    ) -> Mapping[ModelName, Announcement]:
        """The newest announcement of at least these models in an environment, those that are inactive left out."""

    def announce(self, announcement: Announcement) -> None:
        """Show the announcement with its state; found again by its identity where it is there, so safe to repeat.

        On success those of the same model and environment with lower numbers become inactive.
        """
