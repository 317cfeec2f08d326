"""One deployment per promotion, while answers are lost, connections break and runs race."""

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mlops_kit.adapters.github.board import connect_board
from mlops_kit.adapters.github.forge import connect
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account
from tests.faults.canary import SECRET, Canary

TRIALS = int(os.environ.get("MLOPS_KIT_FAULT_TRIALS", "40"))
RUNNERS = 3
CHURN, DEV = ModelName("churn"), EnvironmentName("dev")
QUICK = Patience(timeout=1, tries=5, deadline=30, pause=0.001, longest_pause=0.01, limit_pause=0.005, between_writes=0)
FIRST = Announcement(
    model=CHURN,
    environment=DEV,
    seq=1,
    digest=Digest(algorithm="md5", value="1" * 32),
    commit=CommitSha("a" * 40),
    state=DeploymentState.SUCCESS,
    description="live",
)
SECOND = replace(FIRST, seq=2, digest=Digest(algorithm="md5", value="2" * 32))
LOST = {
    "502 after the deployment was made": {"status": 502},
    "an answer that was cut": {"status": 201, "truncate": True},
    "a connection that broke": {"reset": True},
    "a page of HTML": {"status": 201, "raw": "<html>"},
}

pytestmark = pytest.mark.faults


@pytest.fixture
def github(canary: Canary) -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts[SECRET] = Account(login="github-actions[bot]")
    canary.servers.append(fake)
    with fake.serve():
        yield fake


def announce(github: FakeGitHub, announcement: Announcement, canary: Canary) -> bool:
    """Whether it was shown; False where the outside failed more often than a run puts up with."""
    board = connect_board("acme/churn", api_url=github.url, token=SECRET, patience=QUICK)
    try:
        board.announce(announcement)
    except OutsideError as error:
        canary.tell(error)
        return False
    return True


@pytest.mark.parametrize("path", ["/deployments$", "/statuses$"])
@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
def test_an_answer_that_is_lost_makes_no_second_deployment(
    github: FakeGitHub, canary: Canary, lost: dict[str, object], path: str
) -> None:
    github.fail(Fault(method="POST", path=path, when="after", **lost))  # type: ignore[arg-type]  # by name

    assert announce(github, FIRST, canary)

    assert github.board() == [(1, "dev", "success")]


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST.keys())
def test_an_answer_that_is_lost_makes_no_second_pull_request(
    github: FakeGitHub, canary: Canary, lost: dict[str, object]
) -> None:
    github.fail(Fault(method="POST", path="/pulls$", when="after", **lost))  # type: ignore[arg-type]  # by name
    forge = connect("acme/churn", api_url=github.url, token=SECRET, patience=QUICK)

    opened = forge.open_pull_request("back", "main", title="Go back", body="to what ran before")

    assert list(github.pulls) == [opened.number]
    assert canary.servers == [github]


def test_a_run_that_stops_while_it_retires_the_older_leaves_the_newer_to_be_announced(
    github: FakeGitHub, canary: Canary
) -> None:
    assert announce(github, FIRST, canary)
    github.fail(Fault(method="POST", path="/deployments/1/statuses$", n=100))

    assert not announce(github, SECOND, canary)

    assert (2, "dev", "success") not in github.board()
    assert_settled(github, canary)


def random_fault(chance: random.Random) -> Fault:
    """A fault that passes: a request that was not carried out is never answered with success."""
    when = chance.choice(["before", "after"])
    return Fault(
        method=chance.choice(["GET", "POST"]),
        path=chance.choice(["/deployments$", "/statuses$", "/deployments"]),
        n=chance.choice([1, 1, 1, 2, 4]),
        when=when,
        status=chance.choice([500, 502, 503, 504, 429] + ([200, 201] if when == "after" else [])),
        raw=chance.choice(["<html>", "null", "[{}]", "", '{"id": "x"}']),
        headers=chance.choice([{}, {}, {"retry-after": "0"}]),
        reset=chance.random() < 0.3,
        truncate=chance.random() < 0.2,
    )


def assert_settled(github: FakeGitHub, canary: Canary) -> None:
    """A run without faults leaves the second promotion alone active, and a further one writes nothing."""
    github.faults.clear()
    assert announce(github, SECOND, canary)
    active = [(seq, state) for seq, _, state in github.board() if state != "inactive"]
    assert active == [(2, "success")]
    writes = github.writes()
    assert announce(github, SECOND, canary)
    assert github.writes() == writes


@pytest.mark.parametrize("seed", range(TRIALS))
def test_runs_among_faults_leave_one_deployment(github: FakeGitHub, canary: Canary, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
    for _ in range(chance.randint(1, 5)):
        github.fail(random_fault(chance))
    begun = replace(SECOND, state=DeploymentState.IN_PROGRESS)

    for announcement in (FIRST, begun, SECOND):
        announce(github, announcement, canary)

    assert [seq for seq, *_ in github.board()].count(2) <= 1
    assert_settled(github, canary)


@pytest.mark.parametrize("seed", range(TRIALS))
def test_racing_runs_leave_one_active_deployment(github: FakeGitHub, canary: Canary, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
    assert announce(github, FIRST, canary)
    for _ in range(chance.randint(0, 3)):
        github.fail(random_fault(chance))

    with ThreadPoolExecutor(max_workers=RUNNERS) as pool:
        list(pool.map(lambda _: announce(github, SECOND, canary), range(RUNNERS)))

    assert_settled(github, canary)
