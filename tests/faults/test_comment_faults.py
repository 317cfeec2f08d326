"""One comment per report, while answers are lost, connections break and runs race."""

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlops_kit.adapters.github.forge import connect
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.commands.comment import Posted, Posting, post_comment
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.review.sticky import Marker, parse_marker
from mlops_kit.core.types import CommitSha
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account

TRIALS = int(os.environ.get("MLOPS_KIT_FAULT_TRIALS", "40"))
KIT = "github-actions[bot]"
TOKEN = "ghs_token"
HEAD = CommitSha("a" * 40)
QUICK = Patience(timeout=1, tries=5, deadline=30, pause=0.001, longest_pause=0.01, limit_pause=0.005, between_writes=0)
RUNS_PER_TRIAL = 3

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGitHub]:
    github = FakeGitHub()
    github.accounts[TOKEN] = Account(login=KIT)
    github.add_pull_request(7)
    with github.serve():
        yield github


@pytest.fixture
def github(server: FakeGitHub) -> FakeGitHub:
    server.faults.clear()
    server.comments.clear()
    server.log.clear()
    return server


def posting(run: int) -> Posting:
    marker = Marker(report_id="report", run=run, attempt=1, head=HEAD)
    return Posting(number=7, marker=marker, text=f"text of run {run}")


def post(github: FakeGitHub, run: int) -> Posted | None:
    """A run's comment; None where the outside failed more often than a run puts up with."""
    forge = connect("acme/churn", api_url=github.url, token=TOKEN, patience=QUICK)
    try:
        return post_comment(forge, posting(run))
    except OutsideError:
        return None


LIMITED = '{"message": "You have exceeded a secondary rate limit"}'
BROKEN = ("<html>", "null", "[{}]", "", '{"id": "x"}')


def random_fault(chance: random.Random) -> Fault:
    """A fault that passes: a request that was not carried out is never answered with success."""
    when = chance.choice(["before", "after"])
    status = chance.choice([500, 502, 503, 504, 429, 403] + ([200, 201] if when == "after" else []))
    return Fault(
        method=chance.choice(["GET", "POST", "PATCH", "DELETE"]),
        path="/comments",
        n=chance.choice([1, 1, 1, 2, 4]),
        when=when,
        status=status,
        raw=LIMITED if status == 403 else chance.choice(BROKEN),
        headers=chance.choice([{}, {}, {"retry-after": "0"}, {"retry-after": "soon"}]),
        reset=chance.random() < 0.3,
        truncate=chance.random() < 0.2,
    )


def disturb(github: FakeGitHub, chance: random.Random) -> None:
    """Queue faults, and put there what people and earlier runs may have left."""
    for _ in range(chance.randint(0, 4)):
        github.fail(random_fault(chance))
    for _ in range(chance.choice([0, 0, 1, 2])):
        github.add_comment(7, posting(0).body, author=chance.choice([KIT, "mallory"]))
    for number in range(chance.choice([0, 0, 0, 120])):
        github.add_comment(7, f"chatter {number}", author="octocat")


def assert_settled(github: FakeGitHub, run: int) -> None:
    """A run without faults leaves exactly its own text, and nobody else's comment is touched."""
    github.faults.clear()
    strangers = github.bodies(author="mallory")
    assert post(github, run) is not None
    assert github.bodies(author=KIT) == [posting(run).body]
    assert github.bodies(author="mallory") == strangers


@pytest.mark.parametrize("seed", range(TRIALS))
def test_a_run_among_faults_leaves_one_comment(github: FakeGitHub, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
    disturb(github, chance)

    posted = post(github, run=1)

    if posted is not None:
        assert github.bodies(author=KIT) == [posting(1).body]
    assert_settled(github, run=2)


@pytest.mark.parametrize("seed", range(TRIALS))
def test_racing_runs_leave_one_comment(github: FakeGitHub, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
    disturb(github, chance)
    runs = list(range(1, RUNS_PER_TRIAL + 1))
    chance.shuffle(runs)

    with ThreadPoolExecutor(max_workers=RUNS_PER_TRIAL) as pool:
        posted = list(pool.map(lambda run: post(github, run), runs))

    if all(posted):
        (body,) = github.bodies(author=KIT)
        marker = parse_marker(body)
        assert marker is not None
        assert marker.run in runs
    assert_settled(github, run=RUNS_PER_TRIAL + 1)


def test_a_comment_that_appears_after_its_run_gave_up_is_removed_by_the_next(github: FakeGitHub) -> None:
    assert post(github, run=1) is not None
    github.add_comment(7, posting(1).body, author=KIT)

    assert_settled(github, run=2)
