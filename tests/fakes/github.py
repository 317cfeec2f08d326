"""GitHub's API on loopback: pull requests, comments with pages, checks, refs, accounts, and faults on demand.

Each token has a login and permissions. `POST /_faults` queues faults, `GET /_log` tells every request that changed
something or tried to; both are for tests and know no token.
"""

import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, urlsplit

from tests.fakes.github_dispatches import Dispatched
from tests.fakes.github_git import Objects
from tests.fakes.github_routes import Account, Answer, Call, answer
from tests.fakes.github_settings import RepositorySettings
from tests.fakes.github_shapes import Json
from tests.fakes.serving import serving


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `n` requests of a method whose path matches, before or after they are carried out.

    `reset` closes the connection hard, `sleep` waits first (seconds), `truncate` announces more bytes than are sent,
    `drip` waits before every single byte (seconds), else `status`, `headers` and `raw` (or `data`) are the answer.
    `erase` is no failure: the comments of that author are deleted, and the request is carried out.
    """

    method: str
    path: str
    n: int = 1
    when: str = "before"
    status: int = 502
    headers: dict[str, str] = field(default_factory=dict)
    raw: str = '{"message": "Server Error"}'
    reset: bool = False
    truncate: bool = False
    sleep: float = 0.0
    drip: float = 0.0
    erase: str = ""
    data: bytes = b""


class FakeGitHub:
    """One repository's state and the server that answers for it."""

    def __init__(self, repository: str = "acme/churn") -> None:
        self.repository = repository
        self.accounts: dict[str, Account] = {}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, Json] = {}
        self.issues: dict[int, dict[str, Any]] = {}
        self.statuses: list[Json] = []
        self.check_runs: dict[int, dict[str, Any]] = {}
        self.reviews: dict[int, Json] = {}
        self.run_approvals: dict[int, list[Json]] = {}
        self.deployments: dict[int, dict[str, Any]] = {}
        self.deployment_statuses: dict[int, dict[str, Any]] = {}
        self.roles: dict[str, str] = {}
        self.refs: dict[str, str] = {}
        self.objects = Objects()
        self.settings = RepositorySettings()
        self.dispatched = Dispatched()
        self.archived = False
        self.bots_may_open = True
        self.faults: list[Fault] = []
        self.log: list[Json] = []
        self.lock = threading.RLock()
        self.next_id = 1
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The address to use as GITHUB_API_URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def add_pull_request(self, number: int, **wanted: object) -> None:
        """Open a pull request of the same repository unless told otherwise; `commits` are further ones that it has."""
        defaults: Json = {
            "number": number, "head": "a" * 40, "base": "b" * 40,
            "head_branch": "feature", "base_branch": "main", "head_repository": self.repository,
            "labels": [], "state": "open", "locked": False, "merged": False,
            "commits": [],
        }  # fmt: skip
        self.pulls[number] = {**defaults, **wanted}

    def add_issue(self, number: int, *, title: str, body: str, author: str, is_pull_request: bool = False) -> None:
        """Put an open issue there; GitHub shows pull requests as issues, too."""
        self.issues[number] = {
            "number": number, "title": title, "body": body, "author": author, "state": "open", "state_reason": None,
            "is_pull_request": is_pull_request,
        }  # fmt: skip

    def add_comment(self, number: int, body: str, *, author: str | None) -> int:
        """Put a comment there; its id."""
        with self.lock:
            identity = self.new_id()
            self.comments[identity] = {"id": identity, "number": number, "author": author, "body": body}
            return identity

    def add_review(self, number: int, state: str, *, author: str | None, commit: str | None = "a" * 40) -> None:
        """Somebody reviews a pull request."""
        with self.lock:
            found: Json = {"id": self.new_id(), "number": number, "author": author, "state": state, "commit": commit}
            self.reviews[int(str(found["id"]))] = found

    def add_deployment(self, environment: str, **wanted: object) -> int:
        """Put a deployment there that somebody else made; its id."""
        with self.lock:
            defaults: Json = {
                "ref": "a" * 40, "task": "deploy", "payload": {}, "description": None, "creator": "octocat",
                "production_environment": False, "environment": environment, "id": self.new_id(),
            }  # fmt: skip
            found = {**defaults, **wanted}
            self.deployments[int(str(found["id"]))] = found
            return int(str(found["id"]))

    def board(self) -> list[tuple[object, str, str]]:
        """Payload's seq, environment and last state of every deployment of ours, by id."""
        with self.lock:
            ours = [one for _, one in sorted(self.deployments.items()) if one["task"].startswith("promote:")]
            return [(one["payload"]["seq"], one["environment"], self.last_state(one["id"])) for one in ours]

    def last_state(self, deployment: int) -> str:
        """The state of a deployment's newest status; `pending` where it has none."""
        found = [one for _, one in sorted(self.deployment_statuses.items()) if one["deployment"] == deployment]
        return str(found[-1]["state"]) if found else "pending"

    def new_id(self) -> int:
        """A number that nothing here has yet."""
        with self.lock:
            identity = self.next_id
            self.next_id += 1
            return identity

    def erase(self, author: str) -> None:
        """Somebody deletes all comments of an author."""
        with self.lock:
            for identity in [key for key, entry in self.comments.items() if entry["author"] == author]:
                del self.comments[identity]

    def fail(self, fault: Fault) -> None:
        """Queue a fault."""
        with self.lock:
            self.faults.append(replace(fault))

    def bodies(self, *, author: str) -> list[str]:
        """The texts of an author's comments, by id."""
        with self.lock:
            found = [entry for _, entry in sorted(self.comments.items()) if entry["author"] == author]
            return [str(entry["body"]) for entry in found]

    def checks(self) -> list[tuple[str, str, str]]:
        """Commit, name and conclusion (or status) of every check run, by id."""
        with self.lock:
            found = [run for _, run in sorted(self.check_runs.items())]
            return [(run["head_sha"], run["name"], run.get("conclusion") or run["status"]) for run in found]

    def calls(self) -> list[str]:
        """Every request, as `METHOD path`."""
        with self.lock:
            return [f"{entry['method']} {entry['path']}" for entry in self.log]

    def writes(self) -> list[str]:
        """Every request that was carried out and changed something, as `METHOD path`; GraphQL is only asked here."""
        changing = [entry for entry in self.log if entry["method"] != "GET" and entry["path"] != "/graphql"]
        return [f"{entry['method']} {entry['path']}" for entry in changing if entry["done"]]

    @contextlib.contextmanager
    def serve(self) -> Iterator["FakeGitHub"]:
        """Answer until the block ends."""
        with serving(self._server):
            yield self

    def take_fault(self, method: str, path: str, when: str) -> Fault | None:
        """The first queued fault for this request, used up by one."""
        with self.lock:
            for fault in self.faults:
                if fault.method == method and fault.when == when and re.search(fault.path, path):
                    fault.n -= 1
                    if fault.n < 1:
                        self.faults.remove(fault)
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """One connection; `github` is the state it serves."""

    github: ClassVar[FakeGitHub]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Read."""
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_PUT = do_GET  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing on stderr."""

    def _serve(self) -> None:
        split = urlsplit(self.path)
        self.body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if split.path.startswith("/_"):
            return self._send(self._control(split.path))
        if found := re.fullmatch(r"/[^/]+/[^/]+/raw/(?P<commit>[0-9a-f]{40})/(?P<name>[^/]+)", split.path):
            return self._send_file(self.github.objects.read_file(found["commit"], found["name"]))
        fault = self.github.take_fault(self.command, split.path, "before")
        if fault and fault.erase:
            self.github.erase(fault.erase)
        elif fault:
            self._note(split, fault.status, done=False)
            return self._fail(fault)
        reply = self._answer(split.path)
        self._note(split, reply.status, done=reply.status < 400)
        if (fault := self.github.take_fault(self.command, split.path, "after")) is not None:
            return self._fail(fault)
        return self._send(reply)

    def _control(self, path: str) -> Answer:
        if path == "/_faults":
            self.github.faults.extend(Fault(**entry) for entry in json.loads(self.body))
        return Answer(status=200, value=list(self.github.log))

    def _note(self, asked: SplitResult, status: int, *, done: bool) -> None:
        account = self._account()
        entry: Json = {
            "method": self.command, "path": asked.path, "query": asked.query, "body": self.body.decode(),
            "status": status, "done": done, "job": account.job if account else None,
        }  # fmt: skip
        with self.github.lock:
            self.github.log.append(entry)

    def _account(self) -> Account | None:
        return self.github.accounts.get(self.headers.get("authorization", "").partition(" ")[2])

    def _answer(self, path: str) -> Answer:
        call = Call(
            github=self.github,
            account=self._account(),
            method=self.command,
            path=path,
            query={key: values[-1] for key, values in parse_qs(urlsplit(self.path).query).items()},
            body=self.body,
        )
        with self.github.lock:
            return answer(call)

    def _fail(self, fault: Fault) -> None:
        time.sleep(fault.sleep)
        if fault.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        raw = fault.data or fault.raw.encode()
        if fault.drip:
            self._drip(raw, fault.drip)
            return
        self._write(
            fault.status, {"content-type": "application/json", **fault.headers}, raw, missing=17 * fault.truncate
        )

    def _drip(self, raw: bytes, pause: float) -> None:
        self.close_connection = True
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(raw)}\r\n\r\n".encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for byte in head + raw:
                time.sleep(pause)
                self.wfile.write(bytes([byte]))

    def _send_file(self, data: bytes | None) -> None:
        self._write(404 if data is None else 200, {}, data or b"", missing=0)

    def _send(self, answer: Answer) -> None:
        raw = b"" if answer.status == 204 else json.dumps(answer.value).encode()
        headers = {"content-type": "application/json; charset=utf-8", **answer.headers}
        self._write(answer.status, headers, raw, missing=0)

    def _write(self, status: int, headers: dict[str, str], raw: bytes, *, missing: int) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response_only(status)
            for name, value in {"date": self.date_time_string(), **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw) + missing))
            self.end_headers()
            self.wfile.write(raw)
            self.close_connection = self.close_connection or missing > 0


def _handler_for(github: FakeGitHub) -> type[Handler]:
    return type("BoundHandler", (Handler,), {"github": github})
