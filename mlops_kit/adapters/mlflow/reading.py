"""Reads what the registry knows of many models with few calls.

Few models are asked for by name, many are listed: a page holds a thousand, with aliases and notes. Where an alias and
its note name one number, the note's digest is the version's. Only what is left is looked up: by itself where that is
little, else in one listing of the versions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlops_kit.adapters.mlflow.calls import READY, ModelEntry, RegistryCalls, VersionEntry
from mlops_kit.adapters.mlflow.notes import AliasNote, note_key, noted_environments, parse_note
from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.words import DIGEST, REPOSITORY, has_tag
from mlops_kit.core.types import AliasReading, Digest, EnvironmentName, ModelName, RegisteredVersion, RegistryReading

FEW = 10
"""Calls that are made one by one rather than listing everything."""
_EVERYTHING = ""
_MADE_HERE = f"tags.`{DIGEST}` LIKE '%'"


@dataclass(frozen=True, kw_only=True)
class _Alias:
    """An alias, or only its note where the alias is gone (`number` is empty then)."""

    model: ModelName
    name: str
    environment: EnvironmentName
    number: str
    note: AliasNote

    @property
    def is_proven(self) -> bool:
        """Whether the note tells the digest."""
        return self.note.digest is not None and self.note.number == self.number != ""

    def reading(self, digest: Digest | None) -> AliasReading:
        """What it says where its version has this digest; one without is somebody else's.

        Another version under the same digest than the one it was set to may hold anything: the alias counts as not set.
        """
        if digest is None:
            return AliasReading(version=None, seq=self.note.seq, foreign=f"version {self.number}")
        version = RegisteredVersion(model=self.model, number=self.number, digest=digest)
        is_doubled = self.note.digest == digest and self.note.number not in {"", self.number}
        return AliasReading(version=version, seq=0 if is_doubled else self.note.seq)


class Lookups:
    """Answers about single versions: by a call each where there are few questions, else from one listing."""

    def __init__(self, calls: RegistryCalls, questions: int) -> None:
        self._calls = calls
        self._listed = None if questions <= FEW else _index(calls.search_versions(_MADE_HERE))

    def read_alias(self, alias: _Alias) -> AliasReading:
        """The alias's reading, with its version looked up; nothing where the version was deleted meanwhile."""
        if self._listed is not None:
            return alias.reading(_digest_of(self._listed.get((alias.name, int(alias.number)))))
        found = self._calls.find_version(alias.name, alias.number)
        return alias.reading(_digest_of(found)) if found else AliasReading(version=None, seq=alias.note.seq)

    def has_version(self, name: str, digest: Digest) -> bool:
        """Whether a version of the name carries the digest."""
        if self._listed is not None:
            return (name, str(digest)) in self._listed
        query = f"name = '{name}' and {has_tag(DIGEST, str(digest))}"
        return any(found.status == READY and found.name == name for found in self._calls.search_versions(query))


def read_models(
    calls: RegistryCalls, ownership: Ownership, wanted: Mapping[ModelName, frozenset[Digest]]
) -> Mapping[ModelName, RegistryReading]:
    """What the registry knows of each model; what another repository made counts as nothing."""
    entries = _find_entries(calls, ownership, wanted)
    aliases = {model: tuple(_aliases(model, entry)) for model, entry in entries.items()}
    missing = {model: wanted[model] - _proven(found) for model, found in aliases.items()}
    open_aliases = sum(alias.number != "" and not alias.is_proven for found in aliases.values() for alias in found)
    lookups = Lookups(calls, open_aliases + sum(map(len, missing.values())))
    return {
        model: _reading(lookups, aliases[model], wanted[model], missing[model], ownership.name(model))
        if model in entries
        else RegistryReading()
        for model in wanted
    }


def read_alias(calls: RegistryCalls, entry: ModelEntry, model: ModelName, environment: EnvironmentName) -> AliasReading:
    """Where one alias of a registered model points."""
    found = next((alias for alias in _aliases(model, entry) if alias.environment == environment), None)
    return _read(Lookups(calls, 1), found) if found else AliasReading(version=None)


def _find_entries(
    calls: RegistryCalls, ownership: Ownership, models: Iterable[ModelName]
) -> Mapping[ModelName, ModelEntry]:
    """The registered models that there are, and are the repository's own."""
    names = {ownership.name(model): model for model in models}
    found = _search_entries(calls, ownership.repository, names) if len(names) > FEW else {}
    left = [name for name in names if name not in found]
    if len(left) <= FEW:
        asked = ((name, calls.find_model(name)) for name in left)
        found |= {name: entry for name, entry in asked if entry}
    return {
        model: found[name] for name, model in names.items() if name in found and ownership.is_ours(found[name], name)
    }


def _search_entries(calls: RegistryCalls, repository: str, names: Iterable[str]) -> dict[str, ModelEntry]:
    """Those that carry the repository's name, and where many are not among them, of all that there are."""
    wanted = frozenset(names)
    query = has_tag(REPOSITORY, repository) if repository else _EVERYTHING
    found = {entry.name: entry for entry in calls.search_models(query) if entry.name in wanted}
    if query and len(wanted) - len(found) > FEW:
        found = {entry.name: entry for entry in calls.search_models(_EVERYTHING) if entry.name in wanted}
    return found


def _aliases(model: ModelName, entry: ModelEntry) -> Iterable[_Alias]:
    for name in sorted({*entry.aliases, *noted_environments(entry.tags)}):
        environment = EnvironmentName(name)
        yield _Alias(
            model=model,
            name=entry.name,
            environment=environment,
            number=entry.aliases.get(name, ""),
            note=parse_note(entry.tags.get(note_key(environment), "")),
        )


def _proven(aliases: Iterable[_Alias]) -> frozenset[Digest]:
    return frozenset(alias.note.digest for alias in aliases if alias.is_proven and alias.note.digest)


def _reading(
    lookups: Lookups, aliases: tuple[_Alias, ...], wanted: frozenset[Digest], missing: frozenset[Digest], name: str
) -> RegistryReading:
    there = frozenset(digest for digest in missing if lookups.has_version(name, digest))
    return RegistryReading(
        registered=(wanted - missing) | there,
        aliases={alias.environment: _read(lookups, alias) for alias in aliases},
    )


def _read(lookups: Lookups, alias: _Alias) -> AliasReading:
    if not alias.number:
        return AliasReading(version=None, seq=alias.note.seq)
    return alias.reading(alias.note.digest) if alias.is_proven else lookups.read_alias(alias)


def _index(versions: Iterable[VersionEntry]) -> Mapping[tuple[str, int | str], VersionEntry]:
    """Versions by name and number, and those that can be used by name and digest too."""
    index: dict[tuple[str, int | str], VersionEntry] = {}
    for version in versions:
        index[version.name, version.number] = version
        if version.status == READY:
            index[version.name, version.tags.get(DIGEST, "")] = version
    return index


def _digest_of(version: VersionEntry | None) -> Digest | None:
    """The digest that a version carries; None where it is none of the kit's."""
    try:
        return Digest.parse(version.tags.get(DIGEST, "")) if version else None
    except ValueError:
        return None
