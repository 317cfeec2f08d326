"""One command as a process group of its own: started, followed, signalled, waited for, measured."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.run import Usage
from mlops_kit.engines.capture import Capture
from mlops_kit.engines.guard import Guard

_LATE_OUTPUT_SECONDS = 0.5
_POLL_SECONDS = 0.02
_RESIDENT_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of one unit of ru_maxrss (getrusage(2)): kibibytes, but bytes on macOS."""


@dataclass(frozen=True, kw_only=True)
class LineEnd:
    """How one command line ended: its exit status, negative for a signal, and what its processes used."""

    status: int
    usage: Usage


class ProcessGroup:
    """A started command and everything it started in turn, as far as that stays in its session."""

    def __init__(self, process: subprocess.Popen[bytes], guard: Guard) -> None:
        self._process = process
        self._guard = guard

    def follow(self, capture: Capture) -> LineEnd:
        """Read the command's output to its end.

        What it left in the background may hold the output open: that is read on, but not waited for.
        """
        reader = threading.Thread(target=capture.read, args=(self._process.stdout,), daemon=True)
        reader.start()
        end = self._wait()
        reader.join(_LATE_OUTPUT_SECONDS)
        return end

    def send(self, number: signal.Signals) -> None:
        """Signal all of the group; nothing where it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def wait_until_empty(self, deadline: float) -> None:
        """Wait for the last member of the group, and kill what is left at `deadline` (monotonic seconds)."""
        while self._is_alive():
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                return
            time.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """The guard need not look after it any longer."""
        self._guard.forget(self._process.pid)

    def _wait(self) -> LineEnd:
        """The end of the first process; its usage includes every descendant that was waited for."""
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        usage = Usage(cpu_seconds=used.ru_utime + used.ru_stime, memory_bytes=used.ru_maxrss * _RESIDENT_UNIT)
        return LineEnd(status=self._process.returncode, usage=usage)

    def _is_alive(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def spawn(words: Sequence[str], *, folder: Path, environment: Mapping[str, str], guard: Guard) -> ProcessGroup:
    """Start a guarded command in a session of its own, with nothing to read and both outputs in one pipe."""
    process = subprocess.Popen(
        guard.wrap(words),
        cwd=folder,
        env=dict(environment),
        stdin=guard.pipe,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    return ProcessGroup(process, guard)
