"""Sends requests to GitHub's API through PyGithub, and tries again where that is safe.

Only what can be repeated without harm is repeated; what creates something is sent once. Every way in which a request
can fail leaves here as a KitError that names the permission or the next step, and never the token. Knows nothing of
pull requests.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mlops_kit.core.errors import ConflictError, InputError, KitError, OutsideError, PassingError, RefusedError

if TYPE_CHECKING:
    from github.Requester import Requester

Result = TypeVar("Result")
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Repeat(Enum):
    """Whether a request may be sent again after it failed in a way that leaves open what happened."""

    SAFE = "safe"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to keep trying; all but `tries` in seconds.

    `timeout` is for a silence, `answer` for a whole answer, however slowly it comes, `deadline` for all requests
    together. `limit_pause` is the rest after a rate limit that names no time, `between_writes` the pace that GitHub
    asks for.
    """

    timeout: int = 30
    answer: float = 120.0
    tries: int = 6
    deadline: float = 300.0
    pause: float = 0.5
    longest_pause: float = 30.0
    limit_pause: float = 60.0
    between_writes: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of the API: its verb, path and JSON body, the permission it needs, and what 404 would mean."""

    verb: str
    path: str
    permission: str
    body: Mapping[str, object] | None = None
    query: Mapping[str, object] = field(default_factory=dict)
    repeat: Repeat = Repeat.SAFE
    missing: type[KitError] = ConflictError

    def __str__(self) -> str:
        """Verb and path, as messages name it."""
        return f"{self.verb} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that says success; `value` is its JSON, None for an empty body."""

    value: Any
    headers: Mapping[str, str]


class Transport:
    """A session with one server; `sleep` and `clock` are the time."""

    def __init__(
        self,
        requester: "Requester",
        patience: Patience,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requester = requester
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._end = clock() + patience.deadline
        self._quiet_until = 0.0

    @property
    def server(self) -> str:
        """Scheme, host and port of the server."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self._requester.base_url))

    @property
    def graphql_url(self) -> str:
        """Where the server answers GraphQL."""
        return self._requester.graphql_url

    def send(self, request: Request, read: Callable[[Reply], Result]) -> Result:
        """What `read` makes of the answer; where it raises InputError the answer is malformed.

        RefusedError where the token lacks a permission, the request's `missing` for a 404, InputError for what GitHub
        finds invalid, OutsideError for everything else.
        """
        tries = self._patience.tries if request.repeat is Repeat.SAFE else 1
        for attempt in range(1, tries):
            try:
                return self._send_once(request, read, attempt)
            except PassingError:
                continue
        return self._send_once(request, read, tries)

    def _send_once(self, request: Request, read: Callable[[Reply], Result], attempt: int) -> Result:
        self._keep_quiet()
        if self._clock() >= self._end:
            raise OutsideError(
                f"GitHub did not answer {request} within the {self._patience.deadline:.0f} s that all requests have",
                hint="run it again later",
            )
        try:
            return _read(request, self._exchange(request), read)
        except PassingError as failure:
            self._quiet_until = self._clock() + self._pause(failure, attempt)
            raise

    def _exchange(self, request: Request) -> Reply:
        import requests
        from github import GithubException

        try:
            status, headers, text = self._requester.requestJson(
                request.verb, request.path, parameters=dict(request.query), input=request.body
            )
        except (requests.RequestException, GithubException, ValueError, RuntimeError) as error:
            raise PassingError(f"GitHub did not answer {request}: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise judge(request, status, headers, text)
        return Reply(value=_parse(request, text), headers=headers)

    def _keep_quiet(self) -> None:
        pause = self._quiet_until - self._clock()
        if pause <= 0:
            return
        if self._quiet_until > self._end:
            raise OutsideError(
                f"GitHub wants to be left alone for {pause:.0f} s, longer than this run may take",
                hint="run it again later",
            )
        self._sleep(pause)

    def _pause(self, failure: PassingError, attempt: int) -> float:
        if failure.limited:
            return self._patience.limit_pause if failure.wait_seconds is None else failure.wait_seconds
        longest = min(self._patience.longest_pause, self._patience.pause * 2**attempt)
        return random.uniform(0, longest)  # noqa: S311 - spreads the load, guards nothing


def judge(request: Request, status: int, headers: Mapping[str, str], text: str) -> KitError:
    """The error that an answer means which does not say success."""
    message = _message(text)
    about = f"GitHub answered {status} to {request}" + (f": {message}" if message else "")
    wait = _asked_wait(headers)
    limited = status == 429 or (status == 403 and _is_limited(headers, message, wait))
    if limited or status in TRANSIENT:
        return PassingError(about, limited=limited, wait_seconds=wait)
    match status:
        case 401:
            return RefusedError(about, hint="the token is wrong or has expired: set GITHUB_TOKEN")
        case 403:
            return RefusedError(about, hint=f"the token needs the permission `{request.permission}`")
        case 404 | 410:
            return request.missing(about, hint=f"it does not exist, or the token lacks `{request.permission}`")
        case 422:
            return InputError(about)
        case _:
            return OutsideError(about, hint="run it again")


def is_local(url: str) -> bool:
    """Whether an address is one of this machine, without encryption."""
    parts = urlsplit(url)
    return parts.scheme == "http" and (parts.hostname or "") in LOOPBACK


def check_address(url: str) -> str:
    """The API's address without a slash at its end; InputError unless it is https, or http on this machine."""
    parts = urlsplit(url)
    if (
        not (parts.hostname and (parts.scheme == "https" or is_local(url)))
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise InputError(
            "GITHUB_API_URL is not an https address", hint="for GitHub itself leave it out: https://api.github.com"
        )
    return url.rstrip("/")


def _parse(request: Request, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        raise PassingError(f"GitHub's answer to {request} is not JSON") from error


def _read(request: Request, reply: Reply, read: Callable[[Reply], Result]) -> Result:
    try:
        return read(reply)
    except InputError as error:
        raise PassingError(f"GitHub's answer to {request} is malformed: {error}") from error


def _message(text: str) -> str:
    """GitHub's own words of an error, one line, or nothing where the body is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    message = value.get("message") if isinstance(value, dict) else None
    return " ".join(message.split())[:200] if isinstance(message, str) else ""


def _is_limited(headers: Mapping[str, str], message: str, wait: float | None) -> bool:
    """Whether a 403 is about the rate and not about permission."""
    return wait is not None or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in message.lower()


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to hear from us again, None where it does not say or says nonsense.

    The reset time is compared with the server's own clock, so that a wrong clock here does no harm.
    """
    asked = headers.get("retry-after", "")
    if asked.isdecimal():
        return float(asked)
    if (moment := _moment(asked)) is not None:
        return max(0.0, moment - _server_time(headers))
    if headers.get("x-ratelimit-remaining") != "0" or not headers.get("x-ratelimit-reset", "").isdecimal():
        return None
    return max(0.0, float(headers["x-ratelimit-reset"]) - _server_time(headers))


def _server_time(headers: Mapping[str, str]) -> float:
    moment = _moment(headers.get("date", ""))
    return time.time() if moment is None else moment


def _moment(text: str) -> float | None:
    """A date of HTTP as seconds since 1970, None where the text is none."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
