"""A workflow's token reaches its own server through git, and nothing else."""

import os
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops_kit import wiring
from mlops_kit.adapters.git_credentials import with_credentials
from mlops_kit.core.errors import OutsideError

TOKEN = "ghs_canary0123456789"
HEADER = f"basic {b64encode(f'x-access-token:{TOKEN}'.encode()).decode()}"


class Server(ThreadingHTTPServer):
    """Refuses everything and remembers which authorizations came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Refusing)
        self.seen: list[list[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.seen.append(self.headers.get_all("authorization", []))
        self.send_response(403)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture(params=["whole", "shallow"])
def clone(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", f"{server.url}/acme/churn"], check=True)
    if request.param == "shallow":
        (folder / ".git" / "shallow").touch()
    return folder


def fetch(clone: Path, **variables: str) -> None:
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(clone), **variables}
    with pytest.raises(OutsideError) as caught:
        wiring.open_git(clone, surroundings).fetch()
    assert TOKEN not in f"{caught.value} {caught.value.hint}"


def test_the_workflows_server_gets_the_token(server: Server, clone: Path) -> None:
    fetch(clone, GITHUB_ACTIONS="true", GITHUB_SERVER_URL=server.url, MLOPS_KIT_TOKEN=TOKEN)

    assert server.seen == [[HEADER]]


def test_a_header_that_a_checkout_left_is_not_sent_too(server: Server, clone: Path) -> None:
    left = f"http.{server.url}/.extraheader"
    subprocess.run(["git", "-C", clone, "config", left, "AUTHORIZATION: basic old"], check=True)

    fetch(clone, GITHUB_ACTIONS="true", GITHUB_SERVER_URL=server.url, MLOPS_KIT_TOKEN=TOKEN)

    assert server.seen == [[HEADER]]


def test_a_header_that_a_checkout_keeps_in_an_included_file_is_sent(
    server: Server, clone: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "credentials"
    kept.write_text(f'[http "{server.url}/"]\n\textraheader = AUTHORIZATION: basic kept\n')
    subprocess.run(["git", "-C", clone, "config", f"includeIf.gitdir:{clone}/.git.path", kept], check=True)

    fetch(clone)

    assert server.seen == [["basic kept"]]


def test_another_server_gets_nothing(server: Server, clone: Path) -> None:
    fetch(clone, GITHUB_ACTIONS="true", GITHUB_SERVER_URL="https://github.com", MLOPS_KIT_TOKEN=TOKEN)

    assert server.seen == [[]]


def test_nothing_of_the_token_stays_in_the_clone(server: Server, clone: Path) -> None:
    fetch(clone, GITHUB_ACTIONS="true", GITHUB_SERVER_URL=server.url, MLOPS_KIT_TOKEN=TOKEN)

    kept = "".join(path.read_text(errors="replace") for path in clone.rglob("*") if path.is_file())
    assert TOKEN not in kept
    assert HEADER not in kept


@pytest.mark.parametrize(
    "variables",
    [
        {"MLOPS_KIT_TOKEN": TOKEN},
        {"GITHUB_ACTIONS": "true"},
        {"GITHUB_ACTIONS": "true", "MLOPS_KIT_TOKEN": TOKEN, "GITHUB_SERVER_URL": "http://github.example"},
    ],
    ids=["outside a workflow", "without a token", "over plain http"],
)
def test_elsewhere_git_is_left_as_it_is(variables: dict[str, str]) -> None:
    assert with_credentials(variables) == variables


def test_settings_that_are_there_stay() -> None:
    there = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Ada"}

    made = with_credentials({**there, "GITHUB_ACTIONS": "true", "MLOPS_KIT_TOKEN": TOKEN})

    assert made["GIT_CONFIG_COUNT"] == "3"
    assert (made["GIT_CONFIG_KEY_0"], made["GIT_CONFIG_VALUE_0"]) == ("user.name", "Ada")
