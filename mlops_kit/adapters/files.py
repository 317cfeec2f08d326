"""Reads and writes local files: bounded, never through links out of the repository, never half-written."""

import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mlops_kit.core.errors import InputError, IntegrityError, Location, OutsideError

SIZE_LIMIT = 8 * 1024 * 1024
"""Bytes of the largest configuration, metrics or lock file that is read."""
_READINGS = 3


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read of a file, and the states that it was in before and after that: time, size, number."""

    data: bytes
    before: tuple[int, int, int]
    after: tuple[int, int, int]


def read_limited(root: Path, path: str, *, limit: int = SIZE_LIMIT) -> bytes | None:
    """The bytes of a regular file under `root`, None where there is no such file.

    IntegrityError where the path leaves `root` or any part of it is a link; InputError where it is not a regular
    file or larger than `limit` bytes; OutsideError where it does not stay as it is while it is read.
    """
    try:
        data = read_settled(lambda: _read_once(root, path, limit + 1), path)
    except FileNotFoundError:
        return None
    if len(data) > limit:
        raise InputError(f"larger than {limit // (1024 * 1024)} MiB", location=Location(file=path))
    return data


def read_settled(read: Callable[[], Reading], path: str) -> bytes:
    """What a file holds that nobody writes to meanwhile: read again, a few times, where somebody did."""
    for _ in range(_READINGS):
        found = read()
        if found.before == found.after:
            return found.data
    raise OutsideError(
        f"{path} is written to while it is read", hint="run it again when the program that writes it is done"
    )


def open_regular(root: Path, path: str) -> BinaryIO:
    """A regular file under `root`, for reading; FileNotFoundError where there is none, else as `read_limited`."""
    folder = _open_folder(root)
    try:
        parts = _parts_inside(path)
        for part in parts[:-1]:
            folder = _step_into(folder, part, path)
        return _open_file(folder, parts[-1], path)
    finally:
        os.close(folder)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file's content: a reader sees the old or the new bytes, also after a crash."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            _keep_mode(path, name)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise OutsideError(f"cannot write {path}: {error.strerror}") from error


def _read_once(root: Path, path: str, size: int) -> Reading:
    with open_regular(root, path) as stream:
        before = _state(stream)
        data = stream.read(size)
        return Reading(data=data, before=before, after=_state(stream))


def _state(stream: BinaryIO) -> tuple[int, int, int]:
    status = os.fstat(stream.fileno())
    return status.st_mtime_ns, status.st_size, status.st_ino


def _keep_mode(path: Path, name: str) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    Path(name).chmod(mode)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parts_inside(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if path.startswith("/") or ".." in parts or "\0" in path or not parts:
        raise IntegrityError("the path leaves the repository", location=Location(file=path.replace("\0", "\\0")))
    return parts


def _open_folder(root: Path) -> int:
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError(f"cannot read the folder {root}: {error.strerror}") from error


def _step_into(folder: int, part: str, path: str) -> int:
    if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
        raise _is_link(path)
    try:
        inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except NotADirectoryError as error:
        raise FileNotFoundError(path) from error
    os.close(folder)
    return inner


def _open_file(folder: int, name: str, path: str) -> BinaryIO:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        raise _is_link(path)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("not a regular file", location=Location(file=path))
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError("not a regular file", location=Location(file=path))
    return os.fdopen(handle, "rb")


def _is_link(path: str) -> IntegrityError:
    return IntegrityError(
        "is or lies behind a symbolic link, which is not followed",
        location=Location(file=path),
        hint="commit the file itself",
    )
