"""Takes in a command's output: every line to a listener, the last ones in memory, a bounded log on disk."""

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

from mlops_kit.core.pipeline.masking import Mask

TAIL_LINES = 40
LOG_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class Capture:
    """The output of one stage, without secrets: memory holds `TAIL_LINES` lines of it, disk `LOG_BYTES` bytes."""

    def __init__(self, path: Path, *, mask: Mask, on_line: Callable[[str], None]) -> None:
        self.path = path
        self._mask = mask
        self._on_line = on_line
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log: IO[bytes] | None = path.open("wb", buffering=0)
        self._left = LOG_BYTES

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines, oldest first."""
        with self._lock:
            return tuple(self._tail)

    def read(self, stream: IO[bytes]) -> None:
        """Take in a stream until its end; a line longer than 64 KiB counts as several."""
        with stream:
            while data := stream.readline(_CHUNK_BYTES):
                self._add(data)

    def write(self, text: str) -> None:
        """Add a line of the engine's own."""
        self._add(f"{text}\n".encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Write nothing more to disk."""
        with self._lock:
            if self._log is not None:
                self._log.close()
            self._log = None

    def _add(self, data: bytes) -> None:
        text = self._mask.hide(data.decode("utf-8", "surrogateescape"))
        line = _as_shown(text)
        with self._lock:
            self._tail.append(line)
            self._keep(text.encode("utf-8", "surrogateescape"))
        self._on_line(line)

    def _keep(self, data: bytes) -> None:
        if self._log is None or self._left <= 0:
            return
        self._left -= len(data)
        if self._left <= 0:
            data += b"\n[the rest of the output is not kept]\n"
        try:
            self._log.write(data)
        except OSError:
            self._left = 0


def _as_shown(text: str) -> str:
    """One line as a terminal would finally show it: what follows the last carriage return."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return readable.rstrip("\r\n").rpartition("\r")[2]
