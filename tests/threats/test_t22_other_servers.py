"""T22: the token goes to the server that it is for: encrypted, or on this machine, and to no other port or host."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlops_kit.adapters.github.forge import connect
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import ExitCode, KitError
from tests.fakes.github import FakeGitHub, Fault
from tests.integration.desk import TOKEN, Desk

QUICK = Patience(timeout=2, tries=2, deadline=10, pause=0.01, longest_pause=0.05, limit_pause=0.02, between_writes=0)


@dataclass
class Stranger:
    """Another server on this machine, which answers as GitHub would and keeps the headers that it got."""

    url: str
    seen: list[Mapping[str, str]] = field(default_factory=list)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with serve_stranger() as found:
        yield found


@contextmanager
def serve_stranger() -> Iterator[Stranger]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append(dict(self.headers.items()))
            body = json.dumps({"login": "mallory"}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Stranger(url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_t22_a_redirect_to_another_port_is_not_followed(github: FakeGitHub, stranger: Stranger, status: int) -> None:
    github.add_pull_request(7)
    away = {"location": f"{stranger.url}/repos/acme/churn/pulls/7"}
    github.fail(Fault(method="GET", path="/pulls/7$", status=status, headers=away, n=99))

    with pytest.raises(KitError):
        connect("acme/churn", api_url=github.url, token=TOKEN, patience=QUICK).read_pull_request(7)

    assert stranger.seen == []


def test_t22_the_stranger_sees_what_is_sent_to_it(stranger: Stranger) -> None:
    forge = connect("acme/churn", api_url=stranger.url, token=TOKEN, patience=QUICK)

    with pytest.raises(KitError):
        forge.read_pull_request(7)

    assert TOKEN in stranger.seen[0]["Authorization"]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.org", "http://10.0.0.1:8080", "http://127.0.0.1.example.org", "ftp://127.0.0.1",
        "http://localhost@api.example.org", "https://user:pass@api.example.org", "//127.0.0.1", "http://[::2]",
    ],
)  # fmt: skip
def test_t22_an_api_without_encryption_is_refused_unless_it_is_here(desk: Desk, url: str) -> None:
    desk.write_report(0.85)

    assert desk.comment(GITHUB_API_URL=url) is ExitCode.INPUT
    assert desk.github.log == []
