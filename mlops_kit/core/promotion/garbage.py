"""Which versions of models must stay and which nothing needs: by the log, and by what branches and tags name.

A version may go only if no text of a lock at the head of any branch or tag has its digest anywhere, whatever the path:
what cannot be parsed there keeps what it names all the same. What was ever a version is what old locks say of the
places where models are.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.definition import parse_data_file
from mlops_kit.core.pipeline.lockfile import LockedPath, parse_lock
from mlops_kit.core.pipeline.stages import join_path
from mlops_kit.core.types import Digest, EnvironmentName, Model, ModelName, PromotionRecord

LOCK_FILE = "dvc.lock"
_DATA_SUFFIX = ".dvc"
_WORD = re.compile(rb"[^\s:'\",{}\[\]]+")
_BESIDE_LOCKS = re.compile(r"environments/[^/]+\.json")
Version = tuple[ModelName, Digest]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One version whose bytes may lie in the cache or remote; `size` in bytes, None where no lock says it.

    `reasons` say what needs it, empty where it may go.
    """

    model: ModelName
    digest: Digest
    size: int | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a model's out stands in locks: the file, and the path as it is written there."""

    file: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One output as one content of a lock or `.dvc` file has it."""

    place: Place
    digest: Digest
    size: int | None


def is_lock(path: str) -> bool:
    """Whether a file of a tree is a dvc.lock or `.dvc` file."""
    name = path.rpartition("/")[2]
    return name == LOCK_FILE or (name.endswith(_DATA_SUFFIX) and name != _DATA_SUFFIX)


def names_bytes(path: str) -> bool:
    """Whether a file at a branch's head can name bytes that are needed."""
    return is_lock(path) or _BESIDE_LOCKS.fullmatch(path) is not None


def read_entries(path: str, data: bytes) -> tuple[Entry, ...]:
    """The outputs that a lock or `.dvc` file has with digests; none where it cannot be read."""
    try:
        found = _outputs(path, data)
    except KitError:
        return ()
    return tuple(
        Entry(place=Place(file=path, path=output.path), digest=output.digest, size=output.size)
        for output in found
        if output.digest
    )


def find_places(models: Iterable[Model], entries: Iterable[Entry]) -> dict[Place, ModelName]:
    """The places of models: those with the model's path, or, where a stage runs elsewhere, with its digest."""
    known = tuple(models)
    paths = {model.path: model.name for model in known}
    digests = {model.digest: model.name for model in known}
    named = {entry.place: paths.get(_rooted(entry.place)) or digests.get(entry.digest) for entry in entries}
    return {place: name for place, name in named.items() if name}


def log_reasons(records: Iterable[PromotionRecord], keep: int | None) -> dict[Version, list[str]]:
    """Why the log needs versions: its last `keep` records of each model and environment, all for None."""
    lines: dict[tuple[ModelName, EnvironmentName], list[PromotionRecord]] = {}
    for record in sorted(records, key=lambda found: (found.model, found.environment, found.seq)):
        lines.setdefault((record.model, record.environment), []).append(record)
    reasons: dict[Version, list[str]] = {}
    for line in lines.values():
        for record in line if keep is None else line[-keep:]:
            word = "live in" if record is line[-1] else "was in"
            reasons.setdefault((record.model, record.digest), []).append(f"{word} {record.environment} (#{record.seq})")
    return reasons


def sort_out(
    stored: Mapping[Version, int | None],
    reasons: Mapping[Version, Iterable[str]],
    heads: Mapping[str, Iterable[bytes]],
) -> tuple[Stored, ...]:
    """All versions by model, those that may go first, with what needs the others; `heads` are texts by reference."""
    words = {reference: {word for text in texts for word in _WORD.findall(text)} for reference, texts in heads.items()}
    found = (
        Stored(
            model=model,
            digest=digest,
            size=size,
            reasons=(*reasons.get((model, digest), ()), *_naming(digest, words)),
        )
        for (model, digest), size in stored.items()
    )
    return tuple(sorted(found, key=lambda one: (one.model, bool(one.reasons), str(one.digest))))


def _naming(digest: Digest, words: Mapping[str, set[bytes]]) -> Iterator[str]:
    """That branches or tags name the digest, by the first of them."""
    value = digest.value.encode()
    names = sorted(reference for reference, found in words.items() if value in found)
    if names:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"named by {names[0]}{others}"


def _outputs(path: str, data: bytes) -> tuple[LockedPath, ...]:
    """A lock's outputs as written; a `.dvc` file's from the repository's top."""
    if path.endswith(f"/{LOCK_FILE}") or path == LOCK_FILE:
        return tuple(output for stage in parse_lock(data, file=path).values() for output in stage.outputs)
    stage = parse_data_file(data, file=path)
    return tuple(LockedPath(path=output.path, digest=output.digest, size=output.size) for output in stage.outputs)


def _rooted(place: Place) -> str:
    """The path from the repository's top, for a stage that runs beside its file."""
    if not place.file.endswith(LOCK_FILE):
        return place.path
    return join_path(place.file.rpartition("/")[0], place.path)
