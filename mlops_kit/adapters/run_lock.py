"""One run at a time in a workspace: a file that is locked while a run, or what a killed one left, is under way.

The lock belongs to the open file, not to a process: the engine's guard keeps it open too, so that after a `kill -9` the
next run waits until the killed one's stages are gone.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mlops_kit.adapters.process import is_alive
from mlops_kit.core.errors import OutsideError

FILE = "run.lock"
_LEFTOVER_SECONDS = 15.0
_POLL_SECONDS = 0.1


class RunLock:
    """The lock of a workspace, held while the block runs.

    `patience_seconds` is how long another run is waited for; `note` is told once that it is.
    """

    def __init__(self, folder: Path, *, patience_seconds: float, note: Callable[[str], None]) -> None:
        self._path = folder / FILE
        self._patience_seconds = patience_seconds
        self._note = note
        self.handle = -1

    def __enter__(self) -> Self:
        """Take the lock; OutsideError that names the holder where it is not to be had in time."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._acquire()
        except BaseException:
            os.close(self.handle)
            raise
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        os.close(self.handle)

    def _acquire(self) -> None:
        started = time.monotonic()
        told = False
        while not self._try():
            holder = self._read_holder()
            patience = self._patience_seconds if is_alive(holder) else max(_LEFTOVER_SECONDS, self._patience_seconds)
            if time.monotonic() - started >= patience:
                raise OutsideError(
                    f"{_name(holder)} runs this pipeline here",
                    hint="wait for it to end, or let this run wait with: --wait 30m",
                )
            if not told:
                self._note(_describe(holder))
                told = True
            time.sleep(_POLL_SECONDS)

    def _try(self) -> bool:
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES, errno.EINTR}:
                raise OutsideError(f"cannot lock {self._path}: {error.strerror}") from error
            return False
        return True

    def _read_holder(self) -> int:
        """The process that took the lock last, 0 where that cannot be read."""
        text = os.pread(self.handle, 20, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else 0


def _describe(holder: int) -> str:
    if is_alive(holder):
        return f"waiting for {_name(holder)}, which runs this pipeline here"
    return "waiting for what a killed run left to end"


def _name(holder: int) -> str:
    return f"process {holder}" if holder else "another process"
