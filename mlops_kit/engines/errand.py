"""Carries out one errand on the machine it came to, in a process of its own that does not outlive its errand.

The process reads the errand from its input and stops when that input ends: also when the worker that holds the other
end is killed, nothing that a stage started stays.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, BinaryIO

from mlops_kit.core.run import CommandEnd, Errand, ErrandEnd, Snapshot
from mlops_kit.engines.capture import TAIL_LINES
from mlops_kit.engines.execution import GRACE_SECONDS

END_SECONDS = GRACE_SECONDS + 4.0
"""How long an errand that was asked to stop may take."""

LOG_BYTES = 1024 * 1024
"""The most of a stage's log that crosses: its end."""

_MODULE = "mlops_kit.cli.errand"
_POLL_SECONDS = 0.1


def run_errand(snapshot: Snapshot, errand: Errand) -> ErrandEnd:
    """Run the errand's process to its end; when interrupted, ask it to stop and wait for what it says then."""
    words = [sys.executable, "-I", "-m", _MODULE]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as child:
        answer, complaints = _Reader(child.stdout), _Reader(child.stderr)
        try:
            _hand_over(child.stdin, (snapshot, errand))
            while answer.is_alive():
                answer.join(_POLL_SECONDS)
        except KeyboardInterrupt:
            _close(child.stdin)
            answer.join(END_SECONDS)
        _close(child.stdin)
    return _parse_answer(answer.text(), child.returncode, complaints, errand)


def read_errand(stream: BinaryIO) -> tuple[Snapshot, Errand]:
    """The errand that a parent wrote; when the parent closes the stream or dies, SIGTERM, and after a while the end."""
    snapshot, errand = pickle.load(stream)  # noqa: S301 - from the process that started this one
    threading.Thread(target=_follow, args=(stream,), daemon=True).start()
    return snapshot, errand


def write_answer(stream: BinaryIO, end: ErrandEnd) -> None:
    """Tell the parent how the errand ended."""
    with suppress(BrokenPipeError):
        pickle.dump(end, stream)
        stream.flush()


def _follow(stream: BinaryIO) -> None:
    os.read(stream.fileno(), 1)  # the stream's own lock would be held when the process ends
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS - 1.0)
    os._exit(1)


class _Reader(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._found = b""
        self.start()

    def run(self) -> None:
        if self._stream is not None:
            self._found = self._stream.read()

    def text(self) -> bytes:
        """What was read."""
        self.join(_POLL_SECONDS)
        return self._found


def _hand_over(stream: IO[bytes] | None, what: object) -> None:
    if stream is not None:
        with suppress(BrokenPipeError):
            pickle.dump(what, stream)
            stream.flush()


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        with suppress(BrokenPipeError):
            stream.close()


def _parse_answer(answer: bytes, status: int, complaints: _Reader, errand: Errand) -> ErrandEnd:
    if answer and not status:
        end: ErrandEnd = pickle.loads(answer)  # noqa: S301 - from the process that this one started
        return end
    lines = complaints.text().decode("utf-8", "replace").splitlines()
    failed = CommandEnd(
        stage=errand.stage,
        status=status or 1,
        seconds=0.0,
        tail=tuple(lines[-TAIL_LINES:]),
        trouble=f"the process that ran it on its node ended with status {status}",
    )
    return ErrandEnd(end=failed)
