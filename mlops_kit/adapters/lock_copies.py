"""Copies of the dvc.lock files as the kit last wrote them, for the day on which a killed DVC leaves half of one.

Each copy is bound to what git had for the file when the run began: after another commit or branch, git's own is newer.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from mlops_kit.adapters.files import read_limited, write_atomic

FOLDER = ".dvc/tmp/mlops-kit/locks"
_LIMIT = 1024**3


def keep_copy(root: Path, lock: Path, data: bytes) -> None:
    """Keep what was just written; `root` is DVC's."""
    write_atomic(root / FOLDER / _name(root, lock, "copy"), data)


def bind_copies(root: Path, committed: Mapping[Path, bytes]) -> None:
    """Note what git has for each lock now, before a run may write it."""
    for lock, data in committed.items():
        place = root / FOLDER / _name(root, lock, "base")
        if not place.exists() or place.read_bytes() != _mark(data):
            write_atomic(place, _mark(data))


def read_copy(root: Path, lock: Path) -> bytes | None:
    """What the kit last wrote into a lock, None where it wrote nothing."""
    return read_limited(root, f"{FOLDER}/{_name(root, lock, 'copy')}", limit=_LIMIT)


def is_newest(root: Path, lock: Path, committed: bytes | None) -> bool:
    """Whether git has for the lock what it had when the copy was made."""
    return read_limited(root, f"{FOLDER}/{_name(root, lock, 'base')}") == _mark(committed or b"")


def _name(root: Path, lock: Path, ending: str) -> str:
    place = lock.relative_to(root).as_posix()
    return f"{sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.{ending}"


def _mark(data: bytes) -> bytes:
    return sha256(data).hexdigest().encode()
