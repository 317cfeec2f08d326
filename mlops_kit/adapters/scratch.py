"""A temporary folder of one process; what killed processes left is removed by the next one.

A lock on a file beside the folder says that its process lives, also to processes in other containers that share the
place.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "mlops-kit-"
_SUFFIX = ".lock"


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder in `place`, or where temporary files go; removed at the end."""
    where = place or Path(tempfile.gettempdir())
    _remove_leftovers(where)
    handle, name = tempfile.mkstemp(dir=where, prefix=_PREFIX, suffix=_SUFFIX)
    fcntl.flock(handle, fcntl.LOCK_EX)
    folder = Path(name.removesuffix(_SUFFIX))
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(handle)


def _remove_leftovers(where: Path) -> None:
    for path in where.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):  # somebody else's, or gone meanwhile
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path.with_suffix(""))
            finally:
                os.close(handle)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(_SUFFIX).unlink(missing_ok=True)
