"""MLflow's model registry behind the Registry port, whichever way it is spoken to.

MLflow knows no unique key and no compare-and-swap. So: a version is created with its digest tag in the same call and
searched for again, and the lowest number that carries the digest is the canonical one; an alias has a note beside it
with the log number it stands for, which is taken back before the alias moves and written after, and both are read back.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from mlops_kit.adapters.mlflow.calls import FAILED, READY, ModelEntry, VersionDraft, VersionEntry
from mlops_kit.adapters.mlflow.notes import MOVING, note_key, note_text
from mlops_kit.adapters.mlflow.opening import PATIENCE, open_connection
from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.publish import publish
from mlops_kit.adapters.mlflow.reading import read_alias, read_models
from mlops_kit.adapters.mlflow.server import Patience
from mlops_kit.adapters.mlflow.words import DIGEST, DUPLICATE, REPOSITORY, has_tag
from mlops_kit.core.errors import ConflictError, OutsideError, PassingError, RefusedError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.tracking import NO_LINEAGE, Lineage
from mlops_kit.core.types import (
    AliasReading,
    Digest,
    EnvironmentName,
    ModelName,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
)

_ATTEMPTS = 5
"""How often a write is tried that somebody else's at the same moment makes fail."""
_NOBODY = Ownership()
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class MlflowRegistry:
    """The Registry port over the MLflow at an address; `root` is where one without an address lives.

    `variables` say who is calling. What it registers carries the repository of its `ownership`.
    """

    def __init__(
        self,
        uri: str,
        root: Path,
        variables: Mapping[str, str] = _NO_VARIABLES,
        *,
        ownership: Ownership = _NOBODY,
        patience: Patience = PATIENCE,
    ) -> None:
        connection = open_connection(uri, root, variables, patience)
        self._calls = connection.registry
        self._runs = connection.runs
        self._ownership = ownership

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        """Which of these digests have versions, and where the aliases point."""
        return read_models(self._calls, self._ownership, wanted)

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        """The lowest number that carries the digest; a registry that nobody has made yet has none, and is not made."""
        ready = _usable(self._search(model, digest))
        return RegisteredVersion(model=model, number=str(ready[0].number), digest=digest) if ready else None

    def ensure_version(
        self, record: PromotionRecord, files: ModelFiles, lineage: Lineage = NO_LINEAGE
    ) -> RegisteredVersion:
        """Find or create the version of the record's digest, with the bytes published; safe to repeat and to race."""
        found = self._search(record.model, record.digest)
        if not _usable(found):
            _refuse_unfinished(found)
            self._ensure_model(record.model)
            self._create(record, files, lineage)
            found = self._search(record.model, record.digest)
            _refuse_unfinished(found)
        if not _usable(found):
            raise RefusedError(
                f"MLflow failed to register {record.model} {record.digest.short}", hint="see why in MLflow's own log"
            )
        canonical, *duplicates = _usable(found)
        self._mark(duplicates, canonical)
        return RegisteredVersion(model=record.model, number=str(canonical.number), digest=record.digest)

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        """Where the alias points now; nowhere in a registry that nobody has made yet."""
        name = self._ownership.name(model)
        entry = self._calls.find_model(name)
        if entry is None or not self._ownership.is_ours(entry, name):
            return AliasReading(version=None)
        return read_alias(self._calls, entry, model, environment)

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        """Point the alias, note the log number, read both back; ConflictError where somebody else moved it.

        While the alias moves, its note stands for no record: whoever looks then, or after a crash, sees something
        unfinished, and not something moved by hand.
        """
        name, key = self._ownership.name(version.model), note_key(environment)
        self._find_own(name)
        _repeat(lambda: self._calls.tag_model(name, key, MOVING))
        _repeat(lambda: self._calls.set_alias(name, environment, version.number))
        _repeat(lambda: self._calls.tag_model(name, key, note_text(version, seq)))
        reading = self.read_alias(version.model, environment)
        if reading.version is None or (reading.version.digest, reading.seq) != (version.digest, seq):
            raise ConflictError(f"the alias {environment} of {version.model} was moved by somebody else meanwhile")

    def _search(self, model: ModelName, digest: Digest) -> tuple[VersionEntry, ...]:
        """The versions that carry the digest, lowest number first."""
        name = self._ownership.name(model)
        found = self._calls.search_versions(f"name = '{name}' and {has_tag(DIGEST, str(digest))}")
        return tuple(sorted((one for one in found if one.name == name), key=lambda one: one.number))

    def _find_own(self, name: str) -> ModelEntry | None:
        """The registered model; RefusedError where it is another repository's."""
        entry = self._calls.find_model(name)
        if entry is not None:
            self._ownership.refuse_foreign(entry, name)
        return entry

    def _ensure_model(self, model: ModelName) -> None:
        """Find or create the registered model; one that nobody's name is on gets the repository's."""
        name, repository = self._ownership.name(model), self._ownership.repository
        entry = self._find_own(name)
        if entry is None:
            try:
                described = f"Promoted by mlops-kit from {repository}." if repository else "Promoted by mlops-kit."
                self._calls.create_model(name, tags={REPOSITORY: repository}, description=described)
            except (OutsideError, ConflictError):
                if self._find_own(name) is None:
                    raise
        elif repository and not entry.tags.get(REPOSITORY):
            _repeat(lambda: self._calls.tag_model(name, REPOSITORY, repository))

    def _create(self, record: PromotionRecord, files: ModelFiles, lineage: Lineage) -> None:
        """Create a version; where the answer is an error, what the registry has now decides whether it was one."""
        publication = publish(self._runs, record, files, lineage)
        draft = VersionDraft(
            name=self._ownership.name(record.model),
            source=publication.source,
            run_id=publication.run_id,
            tags=_version_tags(record, self._ownership.repository),
            description=lineage.description,
        )
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._calls.create_version(draft)
            except (OutsideError, ConflictError) as error:
                if _usable(self._search(record.model, record.digest)):
                    return None
                if not isinstance(error, ConflictError) or attempt == _ATTEMPTS:
                    raise
        return None

    def _mark(self, duplicates: list[VersionEntry], canonical: VersionEntry) -> None:
        """Say on each duplicate which version counts; nothing is deleted."""
        for version in duplicates:
            if version.tags.get(DUPLICATE) != str(canonical.number):
                self._mark_one(version, str(canonical.number))

    def _mark_one(self, version: VersionEntry, canonical: str) -> None:
        _repeat(lambda: self._calls.tag_version(version.name, version.number, key=DUPLICATE, value=canonical))


def _repeat(write: Callable[[], None]) -> None:
    """Write what may be written twice; two who write a row for the first time at once make one of them fail."""
    for _ in range(1, _ATTEMPTS):
        try:
            return write()
        except ConflictError:
            continue
    return write()


def _usable(versions: tuple[VersionEntry, ...]) -> tuple[VersionEntry, ...]:
    return tuple(version for version in versions if version.status == READY)


def _refuse_unfinished(versions: tuple[VersionEntry, ...]) -> None:
    """PassingError for a version that MLflow is still registering: one more would stand beside it for ever.

    One that failed is no version: it is left where it is, and another is made.
    """
    for version in versions:
        if version.status not in {READY, FAILED} and not _usable(versions):
            raise PassingError(f"version {version.number} of {version.name} is {version.status} in MLflow")


def _version_tags(record: PromotionRecord, repository: str) -> dict[str, str]:
    return {
        DIGEST: str(record.digest),
        "mlops.sha256": record.sha256,
        "mlops.recipe": record.recipe,
        "mlops.commit": record.commit,
        REPOSITORY: repository,
    }
