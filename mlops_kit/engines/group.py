"""One command as a process group of its own: started, followed, signalled, waited for."""

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlops_kit.engines.capture import Capture
from mlops_kit.engines.guard import Guard, LineEnd, Request, Started

_LATE_OUTPUT_SECONDS = 0.5
_POLL_SECONDS = 0.02


class ProcessGroup:
    """A started command and everything it started in turn, as far as that stays in its session."""

    def __init__(self, started: Started, output: int, guard: Guard) -> None:
        self._started = started
        self._output = output
        self._guard = guard

    def follow(self, capture: Capture) -> LineEnd:
        """Read the command's output to its end.

        What it left in the background may hold the output open: that is read on, but not waited for.
        """
        reader = threading.Thread(target=capture.read, args=(os.fdopen(self._output, "rb"),), daemon=True)
        reader.start()
        end = self._started.wait()
        reader.join(_LATE_OUTPUT_SECONDS)
        return end

    def send(self, number: signal.Signals) -> None:
        """Signal all of the group; nothing where it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._started.pid, number)

    def wait_until_empty(self, deadline: float) -> None:
        """Wait for the last member of the group, and kill what is left at `deadline` (monotonic seconds)."""
        while self._is_alive():
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                return
            time.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """The guard need not look after it any longer."""
        self._guard.forget(self._started.pid)

    def _is_alive(self) -> bool:
        try:
            os.killpg(self._started.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def spawn(words: Sequence[str], *, folder: Path, environment: Mapping[str, str], guard: Guard) -> ProcessGroup:
    """Start a command with both outputs in one pipe; OSError where it cannot be started."""
    output, theirs = os.pipe()
    try:
        request = Request(words=words, folder=folder, environment=environment, output=theirs)
        return ProcessGroup(guard.start(request), output, guard)
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(theirs)
