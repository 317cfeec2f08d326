"""Bytes that DVC keeps, for plots: asked for by digest, compared with it, and told where they cannot be had."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlops_kit.core.errors import KitError, OutsideError
from mlops_kit.core.pipeline.hashing import hashes_to
from mlops_kit.core.ports import Objects
from mlops_kit.core.review.plot_tables import SOURCE_LIMIT
from mlops_kit.core.types import Digest

Listings = Mapping[Digest, Mapping[str, Digest]]
"""Folders that DVC keeps: the digest of each file by its path in the folder."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where bytes are found by digest, and what opens the file that they lie in."""

    objects: Objects
    read_object: Callable[[Path], bytes | None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Bytes by digest, and the DVC root to ask for them."""

    root: str
    digest: Digest


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What could be had of what was asked for, and by root why nothing more."""

    data: Mapping[Digest, bytes] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def fetch_objects(wanted: Iterable[Wanted], shelf: Shelf | None) -> Fetched:
    """The bytes that could be had, each compared with its digest; one question per DVC root."""
    by_root: dict[str, list[Digest]] = {}
    for one in wanted:
        by_root.setdefault(one.root, []).append(one.digest)
    data: dict[Digest, bytes] = {}
    errors = {}
    for root, digests in by_root.items() if shelf else ():
        try:
            data |= _fetch(root, digests, shelf) if shelf else {}
        except OutsideError as error:
            errors[root] = first_line(error)
    return Fetched(data=data, errors=errors)


def fetch_listings(wanted: Iterable[Wanted], shelf: Shelf | None) -> Listings:
    """The listings of folders that could be had."""
    return {digest: dict(_entries(data, digest)) for digest, data in fetch_objects(wanted, shelf).data.items()}


def first_line(error: KitError) -> str:
    """What an error says, as one line of a note."""
    return str(error).partition("\n")[0]


def _fetch(root: str, digests: Iterable[Digest], shelf: Shelf) -> dict[Digest, bytes]:
    found = {}
    for digest, place in shelf.objects.find(root, digests, limit=SOURCE_LIMIT).items():
        plain = Digest(algorithm=digest.algorithm, value=digest.value.removesuffix(".dir"))
        data = _read(place, shelf)
        if data is not None and hashes_to(data, plain):
            found[digest] = data
    return found


def _read(place: Path, shelf: Shelf) -> bytes | None:
    try:
        return shelf.read_object(place)
    except KitError:
        return None


def _entries(data: bytes, folder: Digest) -> Iterator[tuple[str, Digest]]:
    """The files of a folder's listing (dvc_data, hashfile/tree); what has no such shape is left out."""
    try:
        listing = json.loads(data)
    except (ValueError, RecursionError):
        return
    for entry in listing if isinstance(listing, list) else ():
        match entry:
            case {"relpath": str() as path, "md5": str() as value}:
                yield path, Digest(algorithm=folder.algorithm, value=value)
            case _:
                continue
