"""Calls of an MLflow server's REST interface, without MLflow: bounded in time and size, to this one server only.

Calls that may be repeated are; one that creates is sent once. Every failure leaves here as a KitError that names the
server and the call, and no credential. Knows nothing of what the calls are for.
"""

import json
import random
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

from mlops_kit.core.errors import InputError, KitError, OutsideError, PassingError, RefusedError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

Result = TypeVar("Result")
API = "/api/2.0/mlflow/"
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_TRUE = frozenset({"1", "true"})
_ANSWER_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
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
    """One call; `expected` is an error code of MLflow's that is an answer too."""

    verb: str
    call: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    expected: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said: JSON, or its own word for why there is none, of those words that the caller expects."""

    value: object = None
    error_code: str = ""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """How to show who is calling, from the same variables that MLflow's client reads."""

    authorization: str = ""
    verify: bool | str = True
    certificate: str = ""


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

    @property
    def _deadline(self) -> float:
        if self._end is None:
            self._end = self._clock() + self._patience.deadline
        return self._end

    def get(self, call: str, query: Mapping[str, str], read: Callable[[Answer], Result], *, expected: str) -> Result:
        """What `read` makes of the answer; it raises PassingError for one that is malformed.

        `expected` is an error code that is an answer too.
        """
        return self._send(_Request(verb="GET", call=call, query=query, expected=expected), read)

    def search(self, call: str, body: Mapping[str, object], read: Callable[[Answer], Result]) -> Result:
        """Read by a question that is too long for an address."""
        return self._send(_Request(verb="POST", call=call, body=body), read)

    def write(self, call: str, body: Mapping[str, object]) -> None:
        """Write what may be written twice."""
        self._send(_Request(verb="POST", call=call, body=body), _ignore)

    def create(self, call: str, body: Mapping[str, object]) -> None:
        """Write what must not be written twice: sent once. PassingError where nobody knows what happened."""
        self._send_once(_Request(verb="POST", call=call, body=body), _ignore, attempt=1)

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
            return read(self._judge(request, *self._exchange(request)))
        except PassingError as failure:
            longest = min(self._patience.longest_pause, self._patience.pause * 2**attempt)
            pause = random.uniform(0, longest)  # noqa: S311 - spreads the load, guards nothing
            self._quiet_until = self._clock() + (pause if failure.wait_seconds is None else failure.wait_seconds)
            raise

    def _keep_quiet(self, call: str) -> None:
        """Rest where a rest is due; OutsideError where the time for all calls is over, or would be."""
        if max(self._clock(), self._quiet_until) >= self._deadline:
            seconds = f"{self._patience.deadline:g} s"
            raise OutsideError(f"MLflow at {self.address} takes longer than {seconds} (at {call})", hint=_HINT)
        self._sleep(max(0.0, self._quiet_until - self._clock()))

    def _exchange(self, request: _Request) -> tuple[int, Mapping[str, str], str]:
        """Status, headers and text of an answer; PassingError where there is none. Redirects are not followed."""
        import requests
        from urllib3.exceptions import HTTPError

        left = max(0.1, self._deadline - self._clock())
        try:
            with requests.request(
                request.verb,
                f"{self.address}{API}{request.call}",
                params=dict(request.query),
                data=None if request.body is None else json.dumps(request.body, allow_nan=False),
                headers={"Content-Type": "application/json"},
                auth=self._sign,
                verify=self._credentials.verify,
                cert=self._credentials.certificate or None,
                timeout=(min(self._patience.connect, left), min(self._patience.read, left)),
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, response.headers, self._read(response, request.call)
        except (requests.RequestException, HTTPError, OSError) as error:
            kind = type(error).__name__
            raise PassingError(f"MLflow at {self.address} did not answer {request.call}: {kind}") from error

    def _sign(self, request: "PreparedRequest") -> "PreparedRequest":
        if self._credentials.authorization:
            request.headers["Authorization"] = self._credentials.authorization
        return request

    def _read(self, response: "Response", call: str) -> str:
        """The whole text, within the deadline also where it comes drop by drop."""
        parts, size = [], 0
        while part := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > _ANSWER_BYTES:
                raise OutsideError(f"MLflow at {self.address} answered {call} with more than 64 MiB")
            if self._clock() > self._deadline:
                raise OutsideError(f"MLflow at {self.address} answers {call} too slowly", hint=_HINT)
        return b"".join(parts).decode("utf-8", "replace")

    def _judge(self, request: _Request, status: int, headers: Mapping[str, str], text: str) -> Answer:
        """The answer, or the error that it means."""
        if 200 <= status < 300:
            return Answer(value=self._parse(request.call, text))
        code, message = _read_error(text)
        if request.expected and code == request.expected:
            return Answer(error_code=code)
        said = f": {message}" if message else ""
        raise _error_of(status, headers, f"MLflow at {self.address} answered {status} to {request.call}{said}")

    def _parse(self, call: str, text: str) -> object:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PassingError(f"MLflow at {self.address} answered {call} with something that is not JSON") from error


def _ignore(_: Answer) -> None:
    """What a write answers is not looked at."""


def read_credentials(uri: str, variables: Mapping[str, str]) -> Credentials:
    """User and password before a token, as in MLflow's client, and before those that the address has."""
    parts = urlsplit(uri)
    user, password = variables.get("MLFLOW_TRACKING_USERNAME", ""), variables.get("MLFLOW_TRACKING_PASSWORD", "")
    token = variables.get("MLFLOW_TRACKING_TOKEN", "")
    if not (user and password) and not token and parts.username:
        user, password = unquote(parts.username), unquote(parts.password or "")
    basic = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
    bundle = variables.get("MLFLOW_TRACKING_SERVER_CERT_PATH", "") or True
    insecure = variables.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in _TRUE
    return Credentials(
        authorization=basic if user else f"Bearer {token}" if token else "",
        verify=False if insecure else bundle,
        certificate=variables.get("MLFLOW_TRACKING_CLIENT_CERT_PATH", ""),
    )


def strip_credentials(uri: str) -> str:
    """Scheme, host, port and path of the address; InputError where it has no host."""
    parts = urlsplit(uri)
    if not parts.hostname:
        raise InputError("MLFLOW_TRACKING_URI has no host", hint="for example https://mlflow.example.org")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _error_of(status: int, headers: Mapping[str, str], about: str) -> KitError:
    if status in TRANSIENT:
        asked = headers.get("retry-after", "")
        return PassingError(about, wait_seconds=float(asked) if asked.isdecimal() and len(asked) < 9 else None)
    if 300 <= status < 400:
        return OutsideError(
            f"{about}, which is not followed", hint="set MLFLOW_TRACKING_URI to the server's own address"
        )
    if status in {401, 403}:
        return RefusedError(about, hint="set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD")
    return OutsideError(about, hint=_HINT)


def _read_error(text: str) -> tuple[str, str]:
    """MLflow's own word and sentence of an error, the sentence on one line; empty where the body is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    return str(value.get("error_code", "")), " ".join(str(value.get("message", "")).split())[:300]
