"""Traps at the places where a promotion writes outside of itself: programs, and servers of which one only sees HTTP.

A trap is armed with the name of a place and with what happens there. Programs are wrapped by a script in front of the
real one, servers by a proxy in front of the real one; each notes every write that passes. The kit has no hooks.
"""

import contextlib
import json
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from tests.fakes.serving import serving

DIES_SECONDS = 10.0


class When(StrEnum):
    """What happens at a trap."""

    BEFORE = "killed before"
    AFTER = "killed after"
    ERROR_BEFORE = "error, nothing done"
    ERROR_AFTER = "error, and yet done"


Namer = Callable[[str, str, str], str]
"""The name of a write by HTTP method, path and body; empty for a reading."""

_WRAPPER = """#!/bin/sh
name=
for word in "$@"; do case "$word" in WORDS) name="PREFIX$word"; break;; esac; done
[ -z "DEFAULT" ] || name="DEFAULT"
[ -z "$name" ] || echo "$name" >> "FOLDER/seen"
armed=; [ -f "FOLDER/armed" ] && armed=$(cat "FOLDER/armed")
case "$armed" in "$name "*) ;; *) exec "REAL" "$@";; esac
mv "FOLDER/armed" "FOLDER/hit"
case "$armed" in
  *"error, nothing done") echo "fatal: a trap" >&2; exit 128;;
  *"error, and yet done") "REAL" "$@" > /dev/null 2>&1; echo "fatal: a trap" >&2; exit 128;;
  *"killed before") kill -9 $PPID; exit 1;;
  *) "REAL" "$@" > /dev/null 2>&1; kill -9 $PPID; exit 1;;
esac
"""


@dataclass(frozen=True)
class Trap:
    """A folder in which the trap's state lies, so that programs and proxies share it."""

    folder: Path

    def arm(self, name: str, when: When) -> None:
        """Wait for the next write of this name."""
        for left in ("hit", "armed"):
            (self.folder / left).unlink(missing_ok=True)
        (self.folder / "armed").write_text(f"{name} {when}")

    def disarm(self) -> bool:
        """Whether the write came."""
        (self.folder / "armed").unlink(missing_ok=True)
        return (self.folder / "hit").exists()

    def take(self, name: str) -> When | None:
        """What happens to this write, once."""
        file = self.folder / "armed"
        armed = file.read_text() if file.exists() else ""
        if not armed.startswith(f"{name} "):
            return None
        file.rename(self.folder / "hit")
        return When(armed.removeprefix(f"{name} "))

    def see(self, name: str) -> None:
        """Note a write."""
        with (self.folder / "seen").open("a") as seen:
            seen.write(f"{name}\n")

    def seen(self) -> list[str]:
        """The writes so far, in their order."""
        file = self.folder / "seen"
        return file.read_text().splitlines() if file.exists() else []

    def enter(self) -> None:
        """Called by the process that may be killed."""
        (self.folder / "pid").write_text(str(os.getpid()))

    def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        pid = int((self.folder / "pid").read_text())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)

    def wrap(self, target: Path, real: str, *, words: str = "", prefix: str = "", default: str = "") -> None:
        """A script at `target` that stands for the real program; its name is one of the words, or the default."""
        texts = {"WORDS": words or "''", "PREFIX": prefix, "DEFAULT": default, "FOLDER": str(self.folder), "REAL": real}
        script = _WRAPPER
        for name, text in texts.items():
            script = script.replace(name, text)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(script)
        target.chmod(stat.S_IRWXU)


class TrapProxy:
    """A server on loopback that passes calls on to the one at `target`; `trap` can be changed between trials.

    `meanwhile` is called with every write before it is passed on.
    """

    def __init__(self, target: str, namer: Namer) -> None:
        self.target = urlsplit(target).netloc
        self.namer = namer
        self.trap: Trap | None = None
        self.meanwhile: Callable[[str, bytes], None] = lambda _name, _body: None
        handler = type("BoundHandler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where to send calls."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def serve(self) -> Iterator["TrapProxy"]:
        """Answer until the block ends."""
        with serving(self._server):
            yield self

    def send(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        """A call of the test's own, past the trap."""
        connection = HTTPConnection(self.target, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    proxy: ClassVar[TrapProxy]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Any call."""
        body = self._read_body()
        name = self.proxy.namer(self.command, urlsplit(self.path).path, body.decode("utf-8", "replace"))
        when = self._note(name) if name else None
        if when in {When.BEFORE, When.ERROR_BEFORE}:
            return self._spring(when)
        self.proxy.meanwhile(name, body)
        status, headers, raw = self._pass_on(body)
        if when:
            return self._spring(when)
        return self._write(status, headers, raw)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing on stderr."""

    def _note(self, name: str) -> When | None:
        trap = self.proxy.trap
        if trap is None:
            return None
        with self.proxy.lock:
            trap.see(name)
            return trap.take(name)

    def _spring(self, when: When | None) -> None:
        self.close_connection = True
        if when in {When.BEFORE, When.AFTER} and self.proxy.trap:
            self.proxy.trap.kill()
            return
        self._write(500, {}, b'{"error_code": "INTERNAL_ERROR", "message": "a trap"}')

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        kept = {
            name: value for name, value in self.headers.items() if name.lower() not in {"host", "transfer-encoding"}
        }
        connection = HTTPConnection(self.proxy.target, timeout=30)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, {**kept, "content-length": str(len(body))})
            answer = connection.getresponse()
            told = {
                name: value for name, value in answer.getheaders() if name.lower() in {"content-type", "link", "date"}
            }
            return answer.status, told, answer.read()

    def _write(self, status: int, headers: dict[str, str], raw: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response_only(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
