"""A server on loopback that passes calls on to another, and lets a watcher see each, fail it, or stop its caller."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from tests.fakes.github import Fault
from tests.fakes.serving import serving

ANSWER_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class HttpCall:
    """One request as its server gets it; `path` is without the query."""

    method: str
    path: str
    body: bytes = b""


Watcher = Callable[[HttpCall, str], Fault | None]
"""Asked `before` a call is passed on and `after` it was answered: the fault that its caller sees, None for none."""


class WatchedProxy:
    """What passes between the kit and the server at `target`; one watcher at a time, nobody to begin with."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.watcher: Watcher = _nobody
        self._busy = 0
        self._idle = threading.Condition()
        handler = type("BoundHandler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address to use in the place of the target's."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def serve(self) -> Iterator["WatchedProxy"]:
        """Answer until the block ends."""
        with serving(self._server):
            yield self

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """One call is under way."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def wait_until_idle(self) -> None:
        """Until every call that came in is done: a killed caller's last one is carried out all the same."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._busy == 0, ANSWER_SECONDS), "a call does not end"


def _nobody(_call: HttpCall, _when: str) -> None:
    """Let everything pass."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, with one to the target behind it."""

    proxy: ClassVar[WatchedProxy]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _behind: HTTPConnection | None = None

    def do_GET(self) -> None:
        """Pass on."""
        with self.proxy.at_work(), contextlib.suppress(ConnectionError):
            self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class looks for these names

    def handle(self) -> None:
        """Until the caller hangs up, which a killed one does without a word."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        """Hang up on both sides."""
        if self._behind is not None:
            self._behind.close()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing on stderr."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        call = HttpCall(method=self.command, path=urlsplit(self.path).path, body=body)
        if (fault := self.proxy.watcher(call, "before")) is not None:
            return self._fail(fault)
        status, kind, raw = self._pass_on(body)
        if (fault := self.proxy.watcher(call, "after")) is not None:
            return self._fail(fault, raw)
        return self._write(status, kind, raw)

    def _pass_on(self, body: bytes) -> tuple[int, str, bytes]:
        if self._behind is None:
            self._behind = HTTPConnection(self.proxy.target, timeout=ANSWER_SECONDS)
        names = ("content-type", "authorization")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        self._behind.request(self.command, self.path, body, headers)
        answer = self._behind.getresponse()
        return answer.status, answer.headers.get("content-type", "application/json"), answer.read()

    def _fail(self, fault: Fault, raw: bytes = b"") -> None:
        """What the caller sees; `raw` is the true answer, of which a truncated one is the first half."""
        time.sleep(fault.sleep)
        if fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault.truncate:
            self._write(200, "application/json", raw[: len(raw) // 2], missing=len(raw) - len(raw) // 2 + 1)
        else:
            self._write(fault.status, "application/json", fault.raw.encode())

    def _write(self, status: int, kind: str, raw: bytes, *, missing: int = 0) -> None:
        self.send_response_only(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(raw) + missing))
        self.end_headers()
        self.wfile.write(raw)
        self.close_connection = self.close_connection or missing > 0
