"""One exchange with a server: over when its time is up, cut when its answer is too large, led on by no chain of hops.

It stands in for PyGithub's own connections, which wait for a byte at a time and keep whatever comes.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from mlops_kit.core.errors import PassingError

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest answer that is taken, unpacked."""
HOP_LIMIT = 3
"""Redirects within the server that are followed, one after the other."""
_PIECE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, in the form that PyGithub asks of a connection."""

    status: int
    headers: Mapping[str, str]
    text: str

    def getheaders(self) -> list[tuple[str, str]]:
        """Names and values."""
        return list(self.headers.items())

    def read(self) -> str:
        """The body."""
        return self.text


class Connection:
    """A connection to one server that is kept for the next request; `allowed_seconds` is for a whole exchange."""

    def __init__(self, origin: str, *, timeout_seconds: float, allowed_seconds: Callable[[], float]) -> None:
        self.host = origin
        self._timeout_seconds = timeout_seconds
        self._allowed_seconds = allowed_seconds
        self._watch = _Watch()
        self._hops = 0
        self._session = requests.Session()
        self._session.auth = lambda request: request
        self._session.mount(f"{origin}/", _Adapter(self._watch))
        self._wanted: tuple[str, str, str | None, dict[str, str]] = ("GET", "/", None, {})

    def request(self, verb: str, url: str, body: str | None, headers: dict[str, str], _stream: object) -> None:
        """Say what the next exchange asks; PyGithub's streams are not used."""
        self._wanted = (verb, url, body, headers)

    def getresponse(self) -> Answer:
        """Send it and read the answer; PassingError for everything that goes wrong."""
        verb, path, _, _ = self._wanted
        with self._watch.limit(self._allowed_seconds()):
            try:
                answer = self._exchange(*self._wanted)
            except (requests.RequestException, HTTPError, OSError) as error:
                reason = "it takes too long" if self._watch.is_over else type(error).__name__
                raise PassingError(f"GitHub did not answer {verb} {path}: {reason}") from error
        return self._check_hops(answer)

    def close(self) -> None:
        """Nothing: PyGithub closes before each request what is to be used again."""

    def _exchange(self, verb: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        with self._session.request(
            verb, f"{self.host}{path}", data=body, headers=headers, timeout=self._timeout_seconds,
            allow_redirects=False, stream=True,
        ) as response:  # fmt: skip
            data = _read_bounded(response)
            if len(data) > ANSWER_LIMIT:
                raise PassingError(f"GitHub's answer to {verb} {path} is larger than {ANSWER_LIMIT // 2**20} MiB")
            text = data.decode("utf-8", "replace")
            return Answer(status=response.status_code, headers=dict(response.headers), text=text)

    def _check_hops(self, answer: Answer) -> Answer:
        """The answer, unless it leads on and on; PyGithub follows what these two say, without an end."""
        self._hops = self._hops + 1 if answer.status in {202, 301} else 0
        if self._hops > HOP_LIMIT:
            self._hops = 0
            raise PassingError(f"GitHub's answers to {self._wanted[0]} lead on and on")
        return answer


class _Watch:
    """Ends an exchange when its time is up, wherever it is, by cutting its sockets."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._over = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether the time of this exchange is up."""
        return self._over.is_set()

    def note(self, connected: socket.socket) -> None:
        """A socket to cut when the time is up; TimeoutError where it is already."""
        self._sockets.add(connected)
        if self.is_over:
            raise TimeoutError

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Watch what happens meanwhile."""
        self._over.clear()
        timer = threading.Timer(max(0.0, seconds), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _cut(self) -> None:
        self._over.set()
        for each in tuple(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Connects as requests does, and has each connection watched."""

    def __init__(self, watch: _Watch) -> None:
        self._pools = _watched_pools(watch)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: object, **settings: object) -> None:
        """Make the pools of watched connections."""
        super().init_poolmanager(*arguments, **settings)  # type: ignore[arg-type]  # passed on as they come
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *arguments: object, **settings: object) -> object:
        """The same through a proxy."""
        manager = super().proxy_manager_for(*arguments, **settings)  # type: ignore[arg-type]  # passed on
        manager.pool_classes_by_scheme = self._pools
        return manager


def _watched_pools(watch: _Watch) -> dict[str, type]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            watch.note(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            watch.note(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _read_bounded(response: requests.Response) -> bytes:
    """The body, unpacked; a little more than the limit where it is larger."""
    data = bytearray()
    while len(data) <= ANSWER_LIMIT and (piece := response.raw.read1(_PIECE, decode_content=True)):
        data += piece
    return bytes(data)
