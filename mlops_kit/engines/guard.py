"""A small process that starts commands for the kit, and ends them where the kit is killed.

It outlives the kit by seconds only. What it does is `engines.guard_script`.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from mlops_kit.core.run import Usage
from mlops_kit.engines.guard_script import HEADER, receive

_SCRIPT = Path(__file__).with_name("guard_script.py")
_RESIDENT_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of one unit of ru_maxrss (getrusage(2)): kibibytes, but bytes on macOS."""

_LOST = "the process that starts commands is gone"


@dataclass(frozen=True, kw_only=True)
class LineEnd:
    """How one command line ended: its exit status, negative for a signal, and what its processes used."""

    status: int
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class Request:
    """A command to start: its words, folder and environment, and where its output goes (a file descriptor)."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    output: int


class Started:
    """A command that runs; `pid` is its process, and its process group."""

    def __init__(self, pid: int, answers: "SimpleQueue[dict[str, Any]]") -> None:
        self.pid = pid
        self._answers = answers

    def wait(self) -> LineEnd:
        """Its end; its usage includes every descendant that was waited for. Killed, where the guard was."""
        told = self._answers.get()
        used = Usage(cpu_seconds=told.get("cpu", 0.0), memory_bytes=told.get("resident", 0) * _RESIDENT_UNIT)
        return LineEnd(status=told.get("status", -9), usage=used)


class Guard:
    """The process and the socket to it. `held` are open files that stay open until the last command is gone."""

    def __init__(self, *, held: Sequence[int] = (), environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": environment.get("PATH", "")},
                pass_fds=tuple(held),
                start_new_session=True,
            )
        self._lock = threading.Lock()
        self._answers: dict[int, SimpleQueue[dict[str, Any]]] = {}
        self._number = 0
        self._listener = threading.Thread(target=self._listen, name="guard", daemon=True)
        self._listener.start()

    def start(self, request: Request) -> Started:
        """Start a command in a session of its own, with nothing to read; OSError where it cannot be started."""
        answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        with self._lock:
            self._number += 1
            self._answers[self._number] = answers
            self._send(
                {
                    "id": self._number,
                    "words": list(request.words),
                    "folder": str(request.folder),
                    "environment": dict(request.environment),
                },
                [request.output],
            )
        told = answers.get()
        if "pid" not in told:
            raise OSError(0, told.get("error", _LOST))
        return Started(told["pid"], answers)

    def forget(self, pid: int) -> None:
        """A command is over; what it left in the background is left alone."""
        with self._lock, suppress(OSError):
            self._send({"forget": pid}, [])

    def close(self) -> None:
        """Let the guard go; whatever it still knows ends now."""
        self._socket.shutdown(socket.SHUT_WR)
        self._process.wait()
        self._listener.join()
        self._socket.close()

    def _send(self, message: Mapping[str, object], handles: list[int]) -> None:
        body = json.dumps(message).encode()
        header = HEADER.pack(len(body))
        sent = socket.send_fds(self._socket, [header], handles) if handles else self._socket.send(header)
        self._socket.sendall(header[sent:] + body)

    def _listen(self) -> None:
        """Pass answers on; where the guard is gone, everybody who waits gets an empty one."""
        with suppress(OSError):
            while (header := receive(self._socket, HEADER.size)) is not None:
                body = receive(self._socket, HEADER.unpack(header)[0])
                told = json.loads(body or b"{}")
                self._answers[told["id"]].put(told)
                if "pid" not in told:
                    del self._answers[told["id"]]
        for answers in list(self._answers.values()):
            answers.put({})
