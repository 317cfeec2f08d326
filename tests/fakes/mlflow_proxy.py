"""A server on loopback that passes calls on to a real MLflow, notes them, and loses or garbles answers on demand."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from tests.fakes.github import Fault
from tests.fakes.serving import serving

READING = (
    "experiments/get-by-name", "runs/search", "registered-models/get", "registered-models/search",
    "model-versions/get", "model-versions/search", "artifacts/list",
)  # fmt: skip


class MlflowProxy:
    """What passes between the kit and an MLflow at `target`; `headers` are those of the last call."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.faults: list[Fault] = []
        self.log: list[str] = []
        self.headers: dict[str, str] = {}
        self.lock = threading.Lock()
        handler = type("BoundHandler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address to use as MLFLOW_TRACKING_URI."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def writes(self) -> list[str]:
        """The calls that MLflow carried out and that were no reading."""
        return [call for call in self.log if call not in READING]

    def fail(self, fault: Fault) -> None:
        """Queue a fault."""
        with self.lock:
            self.faults.append(replace(fault))

    def take_fault(self, call: str, when: str) -> Fault | None:
        """The first queued fault for this call, used up by one."""
        with self.lock:
            for fault in self.faults:
                if fault.when == when and fault.path in call:
                    fault.n -= 1
                    if fault.n < 1:
                        self.faults.remove(fault)
                    return fault
        return None

    @contextlib.contextmanager
    def serve(self) -> Iterator["MlflowProxy"]:
        """Answer until the block ends."""
        with serving(self._server):
            yield self


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    proxy: ClassVar[MlflowProxy]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Read."""
        self._serve()

    do_POST = do_PUT = do_GET  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing on stderr."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        call = path.partition("/mlflow/")[2] or path
        self.proxy.headers = {name.lower(): value for name, value in self.headers.items()}
        if (fault := self.proxy.take_fault(call, "before")) is not None:
            return self._fail(fault)
        status, raw = self._pass_on(body)
        with self.proxy.lock:
            self.proxy.log.append(call)
        if (fault := self.proxy.take_fault(call, "after")) is not None:
            return self._fail(fault)
        return self._write(status, {}, raw, missing=0)

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        connection = HTTPConnection(self.proxy.target, timeout=30)
        try:
            connection.request(self.command, self.path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _fail(self, fault: Fault) -> None:
        time.sleep(fault.sleep)
        if fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self._write(fault.status, fault.headers, fault.data or fault.raw.encode(), missing=17 * fault.truncate)

    def _write(self, status: int, headers: dict[str, str], raw: bytes, *, missing: int) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response_only(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw) + missing))
            self.end_headers()
            self.wfile.write(raw)
            self.close_connection = self.close_connection or missing > 0
