"""Folders that cross from one job to another: filled by the one that runs code, read by the other as a stranger's.

Nothing here follows a link; sizes are checked before bytes are read.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mlops_kit.adapters.files import open_regular, read_limited, write_atomic
from mlops_kit.core.errors import InputError, IntegrityError, Location, OutsideError
from mlops_kit.core.review.hand_over import MANIFEST
from mlops_kit.core.types import Digest

MANIFEST_LIMIT = 64 * 1024 * 1024
_PART_BYTES = 1024 * 1024
_HINT = "take the artifact of this run's job that reproduces"


class NewFolder:
    """The Packing port: a folder that is made empty first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if folder.is_symlink() or (folder.exists() and not _is_ours(folder)):
            raise InputError(f"{folder} is not empty, and not what was handed over before", hint="name a new folder")
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, place: str, data: bytes) -> None:
        """Write a file."""
        write_atomic(self._folder / place, data)

    def put(self, place: str, source: Path) -> None:
        """Have a file's bytes there: a hard link where the file system can, else a copy."""
        target = self._folder / place
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source.resolve(), target)
            except OSError:
                shutil.copyfile(source, target)
        except OSError as error:
            raise OutsideError(f"cannot hand over {source.name}: {error.strerror}") from error


class FilledFolder:
    """The Packing port over a folder that has been filled already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, place: str, data: bytes) -> None:
        """Write or replace a file."""
        write_atomic(self._folder / place, data)

    def put(self, place: str, source: Path) -> None:
        """Have a copy of a file's bytes there."""
        write_atomic(self._folder / place, source.read_bytes())


class HandedFolder:
    """The Handed port over a folder under `root`."""

    def __init__(self, root: Path, folder: str) -> None:
        self._root, self._folder = root, folder.rstrip("/")

    def read_manifest(self) -> bytes:
        """The document that says what is in it."""
        try:
            data = read_limited(self._root, f"{self._folder}/{MANIFEST}", limit=MANIFEST_LIMIT)
        except InputError as error:
            raise _refusal(str(error), MANIFEST) from error
        if data is None:
            raise InputError("no such file", location=Location(file=f"{self._folder}/{MANIFEST}"), hint=_HINT)
        return data

    def require_nothing_else(self, places: frozenset[str]) -> None:
        """IntegrityError where the folder holds a link, a pipe or a file that is not among the places."""
        left = len(places)
        for place, kind in _walk(self._root / self._folder):
            if not stat.S_ISREG(kind):
                raise _refusal("is not a regular file", place)
            if place not in places:
                raise _refusal("is not in the document that says what is handed over", place)
            left -= 1
        if left:
            raise _refusal(f"{left} files are not there", self._folder)

    def read_file(self, place: str, *, sha256: str, size: int) -> bytes:
        """A file's bytes; IntegrityError where they are not these."""
        try:
            data = read_limited(self._root, f"{self._folder}/{place}", limit=size)
        except InputError as error:
            raise _refusal(str(error), place) from error
        if data is None or len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise _refusal("its bytes are not those of its name", place)
        return data

    def check_object(self, place: str, digest: Digest, *, size: int) -> Path:
        """Where an object lies; IntegrityError where its bytes are not what its name says."""
        try:
            with open_regular(self._root, f"{self._folder}/{place}") as stream:
                whole = os.fstat(stream.fileno()).st_size == size
                found = _hash(stream) if whole else ""
        except (FileNotFoundError, InputError) as error:
            raise _refusal(str(error), place) from error
        if found != digest.value.removesuffix(".dir"):
            raise _refusal("its bytes are not those of its name", place)
        return self._root / self._folder / place


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and {entry.name for entry in folder.iterdir()} <= {MANIFEST, "files", "objects"}


def _walk(top: Path) -> Iterator[tuple[str, int]]:
    """Everything below a folder that is no folder, with its kind of file; links are never followed."""
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(top / folder) as found:
            entries = list(found)
        for entry in entries:
            place = f"{folder}/{entry.name}" if folder else entry.name
            kind = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind):
                folders.append(place)
            else:
                yield place, kind


def _hash(stream: BinaryIO) -> str:
    found = hashlib.md5(usedforsecurity=False)
    while part := stream.read(_PART_BYTES):
        found.update(part)
    return found.hexdigest()


def _refusal(message: str, place: str) -> IntegrityError:
    return IntegrityError(message, location=Location(file=ascii(place)[1:-1]), hint=_HINT)
