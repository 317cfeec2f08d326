"""Bytes that DVC keeps, for plots: asked for by digest, and told where they cannot be had."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from mlops_kit.core.errors import IntegrityError, KitError, OutsideError
from mlops_kit.core.pipeline.listing import parse_listing
from mlops_kit.core.ports import Objects
from mlops_kit.core.review.plot_tables import SOURCE_LIMIT
from mlops_kit.core.types import Digest

Listings = Mapping[Digest, Mapping[str, Digest]]
"""Folders that DVC keeps: the digest of each file by its path in the folder."""


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


def fetch_objects(wanted: Iterable[Wanted], objects: Objects | None) -> Fetched:
    """The bytes that could be had; one question per DVC root."""
    by_root: dict[str, list[Digest]] = {}
    for one in wanted:
        by_root.setdefault(one.root, []).append(one.digest)
    data: dict[Digest, bytes] = {}
    errors = {}
    for root, digests in by_root.items() if objects else ():
        try:
            data |= objects.read(root, digests, limit=SOURCE_LIMIT) if objects else {}
        except OutsideError as error:
            errors[root] = first_line(error)
    return Fetched(data=data, errors=errors)


def fetch_listings(wanted: Iterable[Wanted], objects: Objects | None) -> Listings:
    """The listings of folders that could be had, without those that are none."""
    found = {}
    for digest, data in fetch_objects(wanted, objects).data.items():
        with suppress(IntegrityError):
            listing = parse_listing(data, digest)
            found[digest] = {path: Digest(algorithm=digest.algorithm, value=value) for path, value in listing.items()}
    return found


def first_line(error: KitError) -> str:
    """What an error says, as one line of a note."""
    return str(error).partition("\n")[0]
