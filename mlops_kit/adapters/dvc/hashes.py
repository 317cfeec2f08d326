"""What files hash to: each content is read once in a run, several at a time."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlops_kit.adapters.dvc.store import hash_object
from mlops_kit.core.types import Digest

_THREADS = 4
_Known = tuple[int, int, int, int, int, Digest]


class Hashes:
    """Remembers hashes by device, inode, size and times: a file that was touched is read again."""

    def __init__(self) -> None:
        self._known: dict[_Known, str] = {}

    def read_all(self, files: Iterable[tuple[Path, Digest]]) -> None:
        """Read files side by side, so that they are known later; what is not there is left out."""
        by_key = {key: (path, digest) for path, digest in files if (key := _key(path, digest))}
        unknown = {key: found for key, found in by_key.items() if key not in self._known}
        with ThreadPoolExecutor(_THREADS) as pool:
            values = pool.map(lambda found: _read(*found), unknown.values())
            self._known.update((key, value) for key, value in zip(unknown, values, strict=True) if value)

    def find(self, path: Path, digest: Digest) -> str:
        """The value that a file has by a digest's algorithm; empty where it is not there."""
        key = _key(path, digest)
        if key is None:
            return ""
        if key not in self._known:
            self._known[key] = _read(path, digest)
        return self._known[key]


def _key(path: Path, digest: Digest) -> _Known | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, digest)


def _read(path: Path, digest: Digest) -> str:
    """The file's value; empty where it vanished, or is no regular file."""
    if not os.path.isfile(path):  # noqa: PTH113 - a folder where a file should be is a difference, not an error
        return ""
    try:
        return hash_object(path, digest)
    except FileNotFoundError:
        return ""
