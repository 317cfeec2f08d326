"""MLflow's model registry behind the Registry port.

MLflow knows no unique key and no compare-and-swap. So: a version is created with its digest tag in the same call and
searched for again, and the lowest number that carries the digest is the canonical one; an alias has a note beside it
with the log number it stands for, which is taken back before the alias moves and written after, and both are read back.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.mlflow.publish import publish
from mlops_kit.adapters.mlflow.session import MlflowSession, creating, is_missing, is_taken
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.promotion.names import spell_for_registry
from mlops_kit.core.types import (
    AliasReading,
    Digest,
    EnvironmentName,
    ModelName,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
)

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

_DIGEST, _DUPLICATE = "mlops.digest", "mlops.duplicate_of"
_MOVING = "0:moving"
_ALIAS_ATTEMPTS = 5
_ALIAS_TAG = "mlops.env."


class MlflowRegistry:
    """The Registry port over one MLflow; `repository` is noted on versions, as `owner/name` or empty."""

    def __init__(self, uri: str, root: Path, *, repository: str = "") -> None:
        self._session = MlflowSession(uri, root)
        self._repository = repository

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        """Which of these digests have versions, and where the aliases point."""
        return {model: self._read_reading(model, digests) for model, digests in wanted.items()}

    def _read_reading(self, model: ModelName, digests: frozenset[Digest]) -> RegistryReading:
        known = frozenset(digest for digest in digests if self.read_version(model, digest))
        if self._session.is_absent:
            return RegistryReading()
        with self._session.calling(f"read the aliases of {model}"):
            registered = self._read_model(model)
        names = {*registered.aliases, *(_noted_environments(registered.tags))} if registered else set()
        aliases = {EnvironmentName(name): self.read_alias(model, EnvironmentName(name)) for name in sorted(names)}
        return RegistryReading(registered=known, aliases=aliases)

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        """The lowest number that carries the digest; a registry that nobody has made yet has none, and is not made."""
        if self._session.is_absent:
            return None
        with self._session.calling(f"search versions of {model}"):
            numbers = self._search(model, digest)
        return RegisteredVersion(model=model, number=str(numbers[0]), digest=digest) if numbers else None

    def ensure_version(self, record: PromotionRecord, files: ModelFiles) -> RegisteredVersion:
        """Find or create the version of the record's digest, with the bytes published; safe to repeat and to race."""
        found = self.read_version(record.model, record.digest)
        if found is not None:
            return found
        with self._session.calling(f"register a version of {record.model}"):
            self._ensure_model(record.model)
            self._create(record, files)
            canonical, *duplicates = self._search(record.model, record.digest)
            self._mark(record.model, duplicates, canonical)
        return RegisteredVersion(model=record.model, number=str(canonical), digest=record.digest)

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        """Where the alias points now; nowhere in a registry that nobody has made yet."""
        if self._session.is_absent:
            return AliasReading(version=None)
        with self._session.calling(f"read the alias {environment} of {model}"):
            registered = self._read_model(model)
            if registered is None:
                return AliasReading(version=None)
            seq = _parse_seq(registered.tags.get(_alias_tag(environment), ""))
            number = registered.aliases.get(environment)
            version = self._read_number(model, number) if number else None
        if version is None:
            return AliasReading(version=None, seq=seq)
        return _reading(model, version, seq)

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        """Point the alias, note the log number, read both back; ConflictError where somebody else moved it.

        While the alias moves, its note stands for no record: whoever looks then, or after a crash, sees something
        unfinished, and not something moved by hand.
        """
        name, client = spell_for_registry(version.model), self._session.client
        with self._session.calling(f"set the alias {environment} of {version.model}"):
            client.set_registered_model_tag(name, _alias_tag(environment), _MOVING)
            self._point(name, environment, version.number)
            client.set_registered_model_tag(name, _alias_tag(environment), f"{seq}:{version.digest}")
        reading = self.read_alias(version.model, environment)
        if reading.version is None or (reading.version.digest, reading.seq) != (version.digest, seq):
            raise ConflictError(f"the alias {environment} of {version.model} was moved by somebody else meanwhile")

    def _search(self, model: ModelName, digest: Digest) -> list[int]:
        """The numbers that carry the digest, lowest first, from all pages."""
        query = f"name = '{spell_for_registry(model)}' and tags.`{_DIGEST}` = '{digest}'"
        numbers, token = [], None
        while True:
            page = self._session.client.search_model_versions(query, page_token=token)
            numbers += [int(version.version) for version in page]
            token = page.token
            if not token:
                return sorted(numbers)

    def _ensure_model(self, model: ModelName) -> None:
        if self._read_model(model) is not None:
            return
        from mlflow.exceptions import MlflowException

        try:
            with creating():
                self._session.client.create_registered_model(spell_for_registry(model))
        except MlflowException as error:
            if not is_taken(error) and self._read_model(model) is None:
                raise

    def _create(self, record: PromotionRecord, files: ModelFiles) -> None:
        """Create a version; where the answer is an error, what the registry has now decides whether it was one."""
        from mlflow.exceptions import MlflowException

        publication = publish(self._session, record, files)
        try:
            with creating():
                self._session.client.create_model_version(
                    spell_for_registry(record.model),
                    source=publication.source,
                    run_id=publication.run_id,
                    tags=_version_tags(record, self._repository),
                )
        except MlflowException:
            if not self._search(record.model, record.digest):
                raise

    def _mark(self, model: ModelName, duplicates: list[int], canonical: int) -> None:
        for number in duplicates:
            name = spell_for_registry(model)
            self._session.client.set_model_version_tag(name, str(number), _DUPLICATE, str(canonical))

    def _point(self, name: str, environment: EnvironmentName, number: str) -> None:
        """Set the alias; two runners who set one for the first time at once make one of them fail."""
        from mlflow.exceptions import MlflowException

        for attempt in range(1, _ALIAS_ATTEMPTS + 1):
            try:
                self._session.client.set_registered_model_alias(name, environment, number)
            except MlflowException as error:
                if not is_taken(error) or attempt == _ALIAS_ATTEMPTS:
                    raise
            else:
                return

    def _read_model(self, model: ModelName) -> "RegisteredModel | None":
        from mlflow.exceptions import MlflowException

        try:
            return self._session.client.get_registered_model(spell_for_registry(model))
        except MlflowException as error:
            if is_missing(error):
                return None
            raise

    def _read_number(self, model: ModelName, number: str) -> "ModelVersion | None":
        from mlflow.exceptions import MlflowException

        try:
            return self._session.client.get_model_version(spell_for_registry(model), str(number))
        except MlflowException as error:
            if is_missing(error):
                return None
            raise


def _reading(model: ModelName, version: "ModelVersion", seq: int) -> AliasReading:
    text, number = version.tags.get(_DIGEST, ""), str(version.version)
    try:
        digest = Digest.parse(text)
    except ValueError:
        return AliasReading(version=None, seq=seq, foreign=f"version {number}")
    return AliasReading(version=RegisteredVersion(model=model, number=number, digest=digest), seq=seq)


def _version_tags(record: PromotionRecord, repository: str) -> dict[str, str]:
    return {
        _DIGEST: str(record.digest),
        "mlops.sha256": record.sha256,
        "mlops.recipe": record.recipe,
        "mlops.commit": record.commit,
        "mlops.repository": repository,
    }


def _noted_environments(tags: Mapping[str, str]) -> Iterable[str]:
    return (name.removeprefix(_ALIAS_TAG) for name in tags if name.startswith(_ALIAS_TAG))


def _alias_tag(environment: EnvironmentName) -> str:
    return f"{_ALIAS_TAG}{environment}"


def _parse_seq(note: str) -> int:
    """The log number of `seq:digest`; 0 for a note that the kit did not write."""
    number = note.partition(":")[0]
    return int(number) if number.isascii() and number.isdigit() else 0
