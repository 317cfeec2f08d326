"""What crosses from the job that runs a pull request's code to the one that may write, and where it goes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlops_kit.core.types import Digest, StoredFile


@dataclass(frozen=True, kw_only=True)
class KeptOutput:
    """An output that DVC keeps: its digest, its DVC root (a folder), its path from there, and which remote has it."""

    digest: Digest
    root: str
    path: str
    remote: str = ""
    stored: tuple[StoredFile, ...] = field(default=(), compare=False)


@dataclass(frozen=True, kw_only=True)
class CachedObject:
    """An object of the cache: where it lies, and its bytes."""

    location: Path
    size: int


class CacheShelf(Protocol):
    """DVC's cache on this machine; nothing is fetched."""

    def find(self, outputs: Iterable[KeptOutput]) -> Mapping[Digest, CachedObject]:
        """The objects of outputs that are here, a folder's files among them."""


class Depot(Protocol):
    """The DVC remotes that the checked-out configuration names."""

    def upload(self, outputs: Iterable[KeptOutput], objects: Mapping[Digest, Path]) -> None:
        """Send those of the objects that the outputs are made of; what a remote has is not sent again.

        IntegrityError for an object that no output is made of, RefusedError where there is no remote for one,
        OutsideError where a remote fails.
        """

    def find_missing(self, outputs: Iterable[KeptOutput]) -> frozenset[Digest]:
        """The digests whose bytes their remotes do not have in full; OutsideError where one gives no answer."""


class Handed(Protocol):
    """A folder that another job left: a stranger's data."""

    def read_manifest(self) -> bytes:
        """The document that says what is in it; IntegrityError for anything but a plain, small file."""

    def require_nothing_else(self, places: frozenset[str]) -> None:
        """IntegrityError where the folder holds a link, a pipe or a file that is not among the places."""

    def read_file(self, place: str, *, sha256: str, size: int) -> bytes:
        """A file's bytes; IntegrityError where they are not these."""

    def check_object(self, place: str, digest: Digest, *, size: int) -> Path:
        """Where an object lies; IntegrityError where its bytes are not what its name says."""


class Packing(Protocol):
    """A folder that is filled for another job."""

    def write(self, place: str, data: bytes) -> None:
        """Write a file."""

    def put(self, place: str, source: Path) -> None:
        """Have a file's bytes there, without copying them where that can be."""
