"""A model registry in memory, with the habits of real ones: numbers count up, aliases are last-write-wins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_kit.core.errors import OutsideError
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


@dataclass(kw_only=True)
class _Entry:
    """One registered model: digests by number, numbers by alias, and the log numbers that aliases project."""

    digests: dict[int, Digest | None] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    last: int = 0

    def add(self, digest: Digest | None) -> int:
        self.last += 1
        self.digests[self.last] = digest
        return self.last


class MemoryRegistry:
    """The Registry port without a server.

    `writes` counts changes; `down` makes every call fail. `add_foreign_version`, `move_alias`, `delete_version` and
    `delete_model` are what people do in a registry's own pages.
    """

    def __init__(self) -> None:
        self._entries: dict[ModelName, _Entry] = {}
        self.writes = 0
        self.reads = 0
        self.down = False

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        """Which of the digests have versions, and where the aliases point; `reads` counts the calls."""
        self._answer()
        self.reads += 1
        return {model: self._read_model(model, digests) for model, digests in wanted.items()}

    def _read_model(self, model: ModelName, digests: frozenset[Digest]) -> RegistryReading:
        entry = self._read(model)
        names = {EnvironmentName(name) for name in entry.aliases.keys() | entry.seqs.keys()}
        return RegistryReading(
            registered=digests & frozenset(found for found in entry.digests.values() if found),
            aliases={name: self.read_alias(model, name) for name in names},
        )

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        """The lowest number that carries the digest."""
        entry = self._read(model)
        numbers = [number for number, found in entry.digests.items() if found == digest]
        return RegisteredVersion(model=model, number=str(min(numbers)), digest=digest) if numbers else None

    def ensure_version(
        self,
        record: PromotionRecord,
        files: ModelFiles,  # noqa: ARG002
        lineage: Lineage = NO_LINEAGE,  # noqa: ARG002
    ) -> RegisteredVersion:
        """Find or create the version of the record's digest."""
        found = self.read_version(record.model, record.digest)
        if found is not None:
            return found
        number = self._write(record.model).add(record.digest)
        return RegisteredVersion(model=record.model, number=str(number), digest=record.digest)

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        """Where the alias points now."""
        entry = self._read(model)
        number, seq = entry.aliases.get(environment), entry.seqs.get(environment, 0)
        if number is None:
            return AliasReading(version=None, seq=seq)
        digest = entry.digests[number]
        if digest is None:
            return AliasReading(version=None, seq=seq, foreign=f"version {number}")
        return AliasReading(version=RegisteredVersion(model=model, number=str(number), digest=digest), seq=seq)

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        """Point the alias at the version and note the log number."""
        entry = self._write(version.model)
        entry.aliases[environment] = int(version.number)
        entry.seqs[environment] = seq

    def count_versions(self, model: ModelName, digest: Digest) -> int:
        """How many numbers carry the digest."""
        return list(self._read(model).digests.values()).count(digest)

    def add_version(self, model: ModelName, digest: Digest) -> None:
        """A further version of a digest, as a runner makes it that saw none."""
        self._write(model).add(digest)

    def note_alias(self, model: ModelName, environment: EnvironmentName, seq: int) -> None:
        """Note the log number that an alias stands for, and nothing else."""
        self._write(model).seqs[environment] = seq

    def add_foreign_version(self, model: ModelName) -> str:
        """A version that the kit did not make; its number."""
        return str(self._write(model).add(None))

    def move_alias(self, model: ModelName, environment: EnvironmentName, number: str) -> None:
        """Point the alias elsewhere by hand."""
        self._entries[model].aliases[environment] = int(number)

    def delete_version(self, model: ModelName, number: str) -> None:
        """Delete a version; its aliases go with it, without a word."""
        entry = self._entries[model]
        del entry.digests[int(number)]
        entry.aliases = {name: found for name, found in entry.aliases.items() if found != int(number)}

    def delete_model(self, model: ModelName) -> None:
        """Delete everything that is known of a model; numbers begin with 1 again."""
        self._entries.pop(model, None)

    def _read(self, model: ModelName) -> _Entry:
        self._answer()
        return self._entries.get(model, _Entry())

    def _write(self, model: ModelName) -> _Entry:
        self._answer()
        self.writes += 1
        return self._entries.setdefault(model, _Entry())

    def _answer(self) -> None:
        if self.down:
            raise OutsideError("the registry gives no answer")
