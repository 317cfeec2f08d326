"""Calls of an MLflow server's REST interface, without MLflow: bounded in time and size, to this one server only.

Calls that may be repeated are; one that creates is sent once. Every failure leaves here as a KitError that names the
server and the call, and no credential. Knows nothing of what the calls are for.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from mlops_kit.adapters.mlflow.credentials import read_credentials, strip_credentials
from mlops_kit.adapters.mlflow.replies import Answer, Reply, error_of, judge, read_server_version
from mlops_kit.core.errors import KitError, OutsideError, PassingError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

Result = TypeVar("Result")
API = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"
_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_SLOWEST_BYTES = 256 * 1024
"""Bytes a second that an upload must at least make."""
_HINT = "check that it is up, and MLFLOW_TRACKING_URI and its credentials"


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to keep trying; all but `tries` in seconds, `deadline` for all calls together."""

    deadline: float = 30.0
    connect: float = 5.0
    read: float = 10.0
    tries: int = 5
    pause: float = 0.25
    longest_pause: float = 5.0


@dataclass(frozen=True, kw_only=True)
class _Request:
    """One call by its path below the server's address; `expected` is an error code of MLflow's that is an answer too.

    `file` is sent as the body, else `body` as JSON.
    """

    verb: str
    call: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    file: Path | None = None
    expected: str = ""


class Server:
    """One MLflow server; `sleep` and `clock` are the time. The deadline runs from the first call."""

    def __init__(
        self,
        uri: str,
        variables: Mapping[str, str],
        patience: Patience,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = strip_credentials(uri)
        self._credentials = read_credentials(uri, variables)
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._end: float | None = None
        self._quiet_until = 0.0

    def renewed(self) -> "Server":
        """The same server, with all its time again."""
        return self._copy(self._patience)

    def _copy(self, patience: Patience) -> "Server":
        fresh = copy(self)
        fresh._end, fresh._patience = None, patience  # noqa: SLF001 - its own class
        return fresh

    @property
    def _deadline(self) -> float:
        if self._end is None:
            self._end = self._clock() + self._patience.deadline
        return self._end

    def get(self, call: str, query: Mapping[str, str], read: Callable[[Answer], Result], *, expected: str) -> Result:
        """What `read` makes of the answer; it raises PassingError for one that is malformed.

        `expected` is an error code that is an answer too.
        """
        return self._send(_Request(verb="GET", call=f"{API}{call}", query=query, expected=expected), read)

    def search(self, call: str, body: Mapping[str, object], read: Callable[[Answer], Result]) -> Result:
        """Read by a question that is too long for an address."""
        return self._send(_Request(verb="POST", call=f"{API}{call}", body=body), read)

    def write(self, call: str, body: Mapping[str, object]) -> None:
        """Write what may be written twice."""
        self._send(_Request(verb="POST", call=f"{API}{call}", body=body), _ignore)

    def create(self, call: str, body: Mapping[str, object]) -> Answer:
        """Write what must not be written twice: sent once. PassingError where nobody knows what happened."""
        return self._send_once(_Request(verb="POST", call=f"{API}{call}", body=body), _keep, attempt=1)

    def put_artifact(self, path: str, file: Path) -> None:
        """Send a file's bytes to a path of the artifacts that the server keeps; the time grows with their number."""
        seconds = self._patience.deadline * 10 + file.stat().st_size / _SLOWEST_BYTES
        sender = self._copy(replace(self._patience, deadline=seconds, connect=30.0, read=300.0))
        request = _Request(verb="PUT", call=f"{ARTIFACTS}{quote(path, safe='/')}", file=file)
        sender._send(request, _ignore)  # noqa: SLF001 - its own class

    def read_version(self) -> str:
        """The server's version, empty where it tells none; asked once."""
        return read_server_version(self._exchange(_Request(verb="GET", call="/version")))

    def _send(self, request: _Request, read: Callable[[Answer], Result]) -> Result:
        for attempt in range(1, self._patience.tries):
            try:
                return self._send_once(request, read, attempt=attempt)
            except PassingError:
                continue
        return self._send_once(request, read, attempt=self._patience.tries)

    def _send_once(self, request: _Request, read: Callable[[Answer], Result], *, attempt: int) -> Result:
        self._keep_quiet(request.call)
        try:
            return read(self._ask(request))
        except PassingError as failure:
            longest = min(self._patience.longest_pause, self._patience.pause * 2**attempt)
            pause = random.uniform(0, longest)  # noqa: S311 - spreads the load, guards nothing
            self._quiet_until = self._clock() + (pause if failure.wait_seconds is None else failure.wait_seconds)
            raise

    def _ask(self, request: _Request) -> Answer:
        reply = self._exchange(request)
        if request.file and not reply.text:
            reply = replace(reply, text="{}")  # MLflow says nothing about an artifact that it took
        where = f"MLflow at {self.address}"
        try:
            return judge(reply, f"{where} answered {reply.status} to {_name(request)}", expected=request.expected)
        except OutsideError as error:
            if not reply.is_nameless:
                raise
            raise self._with_version(reply, _name(request)) from error

    def _with_version(self, reply: Reply, call: str) -> KitError:
        """The error for an answer that MLflow does not give: an old one, another server, or a gate before it."""
        version = ""
        with suppress(KitError):  # it is asked only to say more
            version = self.read_version()
        told = f" (version {version})" if version else ""
        return error_of(reply, f"MLflow at {self.address}{told} answered {reply.status} to {call}")

    def _keep_quiet(self, call: str) -> None:
        """Rest where a rest is due; OutsideError where the time for all calls is over, or would be."""
        if max(self._clock(), self._quiet_until) >= self._deadline:
            seconds = f"{self._patience.deadline:g} s"
            name = call.removeprefix(API)
            raise OutsideError(f"MLflow at {self.address} takes longer than {seconds} (at {name})", hint=_HINT)
        self._sleep(max(0.0, self._quiet_until - self._clock()))

    def _exchange(self, request: _Request) -> Reply:
        """What came back; PassingError where nothing did. Redirects are not followed, nothing is unpacked."""
        import requests
        from urllib3.exceptions import HTTPError

        left = max(0.1, self._deadline - self._clock())
        try:
            with (
                self._opened(request) as data,
                requests.request(
                    request.verb,
                    f"{self.address}{request.call}",
                    params=dict(request.query),
                    data=data,
                    headers={"Content-Type": _kind(request), "Accept-Encoding": "identity"},
                    auth=self._sign,
                    verify=self._credentials.verify,
                    cert=self._credentials.certificate or None,
                    timeout=(min(self._patience.connect, left), min(self._patience.read, left)),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                text = self._read(response, _name(request))
                return Reply(status=response.status_code, headers=response.headers, text=text)
        except requests.exceptions.SSLError as error:
            raise _untrusted(self.address, error) from error
        except (requests.RequestException, HTTPError, OSError) as error:
            kind = type(error).__name__
            raise PassingError(f"MLflow at {self.address} did not answer {_name(request)}: {kind}") from error

    @contextmanager
    def _opened(self, request: _Request) -> Iterator["_Upload | str | None"]:
        if request.file is None:
            yield None if request.body is None else json.dumps(request.body, allow_nan=False)
        elif not request.file.stat().st_size:
            yield ""
        else:
            with request.file.open("rb") as source:
                yield _Upload(source.read, size=request.file.stat().st_size, check=self._check_time)

    def _check_time(self) -> None:
        if self._clock() > self._deadline:
            raise OutsideError(f"MLflow at {self.address} takes an upload too slowly", hint=_HINT)

    def _sign(self, request: "PreparedRequest") -> "PreparedRequest":
        if self._credentials.authorization:
            request.headers["Authorization"] = self._credentials.authorization
        return request

    def _read(self, response: "Response", call: str) -> str:
        """The whole text, within the deadline also where it comes drop by drop."""
        packed = response.headers.get("content-encoding", "identity")
        if packed != "identity":
            raise OutsideError(f"MLflow at {self.address} answered {call} packed ({packed[:20]!r}), unasked")
        parts, size = [], 0
        while part := response.raw.read1(_CHUNK_BYTES, decode_content=False):
            parts.append(part)
            size += len(part)
            if size > _ANSWER_BYTES:
                raise OutsideError(f"MLflow at {self.address} answered {call} with more than 64 MiB")
            if self._clock() > self._deadline:
                raise OutsideError(f"MLflow at {self.address} answers {call} too slowly", hint=_HINT)
        return b"".join(parts).decode("utf-8", "replace")


class _Upload:
    """A file as `requests` streams it, with its size, and with a look at the time before each part."""

    def __init__(self, read: Callable[[int], bytes], *, size: int, check: Callable[[], None]) -> None:
        self._read = read
        self._size = size
        self._check = check

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while part := self.read(_CHUNK_BYTES):
            yield part

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        """The next part."""
        self._check()
        return self._read(size)


def _ignore(_: Answer) -> None:
    """What a write answers is not looked at."""


def _keep(answer: Answer) -> Answer:
    return answer


def _name(request: _Request) -> str:
    """The call as messages name it."""
    return request.call.removeprefix(API)


def _kind(request: _Request) -> str:
    return "application/json" if request.file is None else "application/octet-stream"


def _untrusted(address: str, error: Exception) -> KitError:
    """A certificate that nobody vouches for stays so; any other trouble of TLS may pass."""
    if "certificate" not in str(error).lower():
        return PassingError(f"MLflow at {address} did not answer: {type(error).__name__}")
    return OutsideError(
        f"MLflow at {address} shows a certificate that is not trusted here",
        hint="set MLFLOW_TRACKING_SERVER_CERT_PATH to the file of the authority that signed it",
    )
