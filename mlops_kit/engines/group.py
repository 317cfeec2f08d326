"""One command as a process group of its own: started, followed, signalled, waited for."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlops_kit.engines.capture import Capture

_LATE_OUTPUT_SECONDS = 0.5
_POLL_SECONDS = 0.02


class ProcessGroup:
    """A started command and everything it started in turn, as far as that stays in its session."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def follow(self, capture: Capture) -> int:
        """Read the command's output to its end; the exit status, negative for a signal.

        What it left in the background may hold the output open: that is read on, but not waited for.
        """
        reader = threading.Thread(target=capture.read, args=(self._process.stdout,), daemon=True)
        reader.start()
        status = self._process.wait()
        reader.join(_LATE_OUTPUT_SECONDS)
        return status

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

    def _is_alive(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def spawn(words: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> ProcessGroup:
    """Start a command in a session of its own, with nothing to read and both outputs in one pipe."""
    return ProcessGroup(
        subprocess.Popen(
            list(words),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    )
