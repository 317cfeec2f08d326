"""One comment per report, with pictures that stay, while answers are lost, connections break and runs race."""

import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_kit.adapters.github.forge import GitHubForge, connect
from mlops_kit.adapters.github.pictures import connect_pictures
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.commands.comment import Posted, Review, Thread, read_thread
from mlops_kit.commands.pictures import Gallery, hang_pictures, post_hung
from mlops_kit.commands.review import Prepared
from mlops_kit.core.errors import ExitCode, IntegrityError, KitError, OutsideError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.pictures import Album, parse_album
from mlops_kit.core.review.plots import PlotKind, PlotRow, Series
from mlops_kit.core.review.report import Report, Side
from mlops_kit.core.review.sticky import Marker, parse_marker
from mlops_kit.core.types import CommitSha
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account
from tests.faults.canary import SECRET, Canary
from tests.faults.children import Note, count_trials
from tests.integration.desk import make_desk

TRIALS = int(os.environ.get("MLOPS_KIT_FAULT_TRIALS", "40"))
KIT = "github-actions[bot]"
HEAD = CommitSha("a" * 40)
PULL_REQUEST = PullRequest(
    number=7, head=HEAD, base=CommitSha("b" * 40), head_branch="feature", base_branch="main", is_fork=False
)
BRANCH = "heads/mlops-kit/pictures/7"
QUICK = Patience(timeout=1, tries=5, deadline=30, pause=0.001, longest_pause=0.01, limit_pause=0.005, between_writes=0)
RUNS_PER_TRIAL = 3

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGitHub]:
    github = FakeGitHub()
    github.accounts[SECRET] = Account(login=KIT)
    github.add_pull_request(7)
    with github.serve():
        yield github


@pytest.fixture
def github(server: FakeGitHub, canary: Canary) -> FakeGitHub:
    for kept in (server.faults, server.comments, server.log, server.refs):
        kept.clear()
    canary.servers.append(server)
    return server


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended that did not fail: what it posted, and what it said of its pictures."""

    posted: Posted
    obstacle: str

    @property
    def is_sure(self) -> bool:
        """Whether the run claims that all is well, its pictures included."""
        return not self.obstacle


def marker(run: int) -> Marker:
    return Marker(report_id="report", run=run, attempt=1, head=HEAD)


def make_review(run: int) -> Review:
    """A run's report, with a plot that every run shows and one of its own."""
    plots = tuple(
        PlotRow(
            path=path, title=path, kind=PlotKind.LINEAR, change="changed",
            series=(Series(side="head", points=((0, run),)),),
        )
        for path in ("all.csv", f"run-{run}.csv")
    )  # fmt: skip
    report = Report(
        base=Side(name="main", commit="b" * 40),
        head=Side(name="feature", commit=HEAD),
        environment="dev",
        verdict=Verdict.PASS,
        plots=plots,
    )
    return Review(report=report, pull_request=PULL_REQUEST, report_id="report", run=run, attempt=1)


def draw(row: PlotRow) -> str:
    return f"<svg>{row.path}</svg>"


def read_image(name: str) -> bytes:
    raise IntegrityError(f"there are no images, so not {name}")


def post(github: FakeGitHub, run: int, canary: Canary) -> Ended | None:
    """A run's comment; None where the outside failed more often than a run puts up with."""
    forge = connect("acme/churn", api_url=github.url, token=SECRET, patience=QUICK)
    pictures = connect_pictures(
        "acme/churn", api_url=github.url, server_url="", token=SECRET, report_id="report", patience=QUICK
    )
    gallery = Gallery(pictures=pictures, read_image=read_image, draw=draw)
    prepared = Prepared(review=make_review(run), occasion=Occasion(), thread=look(forge))
    try:
        posted, obstacle = post_hung(forge, hang_pictures(gallery, prepared))
    except OutsideError as error:
        canary.tell(error)
        return None
    canary.texts.append(obstacle)
    return Ended(posted=posted, obstacle=obstacle)


def look(forge: GitHubForge) -> Thread | None:
    with suppress(KitError):
        return read_thread(forge, 7)
    return None


LIMITED = '{"message": "You have exceeded a secondary rate limit"}'
WHEN = ("before", "after")
BROKEN = ("<html>", "null", "[{}]", "", '{"id": "x"}')


def random_fault(chance: random.Random) -> Fault:
    """A fault that passes: a request that was not carried out is never answered with success."""
    when = chance.choice(["before", "after"])
    status = chance.choice([500, 502, 503, 504, 429, 403] + ([200, 201] if when == "after" else []))
    return Fault(
        method=chance.choice(["GET", "GET", "POST", "POST", "PATCH", "PATCH", "DELETE"]),
        path=chance.choice(["/comments", "/comments", "/git/", "/git/refs?"]),
        n=chance.choice([1, 1, 1, 2, 4]),
        when=when,
        status=status,
        raw=LIMITED if status == 403 else chance.choice(BROKEN),
        headers=chance.choice([{}, {}, {"retry-after": "0"}, {"retry-after": "soon"}]),
        reset=chance.random() < 0.3,
        truncate=chance.random() < 0.2,
    )


def disturb(github: FakeGitHub, chance: random.Random) -> bool:
    """Queue faults, and put there what people and earlier runs may have left; whether our comments will vanish."""
    for _ in range(chance.randint(0, 5)):
        github.fail(random_fault(chance))
    vanishes = chance.random() < 0.3
    if vanishes:
        github.fail(Fault(method=chance.choice(["PATCH", "POST"]), path="/(comments|git)", erase=KIT))
    for _ in range(chance.choice([0, 0, 1, 2])):
        github.add_comment(7, f"{marker(0)}\nold", author=chance.choice([KIT, "mallory"]))
    for number in range(chance.choice([0, 0, 0, 120])):
        github.add_comment(7, f"chatter {number}", author="octocat")
    return vanishes


def read_album(github: FakeGitHub) -> Album | None:
    """What the one comment of ours shows."""
    (body,) = github.bodies(author=KIT)
    return parse_album(body)


def assert_pictures_stay(github: FakeGitHub, album: Album) -> None:
    """Every picture that the comment links to is in its commit, and the branch keeps that commit."""
    (body,) = github.bodies(author=KIT)
    links = re.findall(r"/acme/churn/raw/([0-9a-f]{40})/([0-9a-f]{16}\.svg)", body)
    assert {name for _, name in links} == set(album.names)
    assert {commit for commit, _ in links} == {album.commit}
    assert all(github.objects.read_file(album.commit, name) is not None for name in album.names)
    assert github.refs == {BRANCH: album.commit}


def assert_settled(github: FakeGitHub, run: int, canary: Canary) -> None:
    """A run without faults leaves exactly its own text and pictures, and nobody else's comment is touched."""
    github.faults.clear()
    strangers = github.bodies(author="mallory")
    ended = post(github, run, canary)
    assert ended is not None
    assert ended.is_sure
    (body,) = github.bodies(author=KIT)
    assert body.startswith(f"{marker(run)}\n")
    assert github.bodies(author="mallory") == strangers
    album = read_album(github)
    assert album is not None
    assert_pictures_stay(github, album)


@pytest.mark.parametrize("seed", range(TRIALS))
def test_a_run_among_faults_leaves_one_comment(github: FakeGitHub, canary: Canary, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
    disturb(github, chance)

    ended = post(github, 1, canary)

    if ended is not None:
        (body,) = github.bodies(author=KIT)
        assert body.startswith(f"{marker(1)}\n")
        album = parse_album(body)
        if ended.is_sure and album is not None:
            assert_pictures_stay(github, album)
    assert_settled(github, 2, canary)


@pytest.mark.parametrize("seed", range(TRIALS))
def test_racing_runs_leave_one_comment(github: FakeGitHub, canary: Canary, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
    vanishes = disturb(github, chance)
    runs = list(range(1, RUNS_PER_TRIAL + 1))
    chance.shuffle(runs)

    with ThreadPoolExecutor(max_workers=RUNS_PER_TRIAL) as pool:
        ended = list(pool.map(lambda run: post(github, run, canary), runs))

    if None not in ended:
        bodies = github.bodies(author=KIT)
        assert len(bodies) == 1 or (vanishes and not bodies)
        assert {each.run for each in map(parse_marker, bodies) if each} <= set(runs)
        if bodies and (album := parse_album(bodies[0])) and all(each and each.is_sure for each in ended):
            assert_pictures_stay(github, album)
    assert_settled(github, RUNS_PER_TRIAL + 1, canary)


def test_a_comment_that_appears_after_its_run_gave_up_is_removed_by_the_next(
    github: FakeGitHub, canary: Canary
) -> None:
    assert post(github, 1, canary) is not None
    (body,) = github.bodies(author=KIT)
    github.add_comment(7, body, author=KIT)

    assert_settled(github, 2, canary)


def test_two_comments_of_ours_become_the_lower_one_and_a_strangers_marker_stays(
    github: FakeGitHub, canary: Canary
) -> None:
    texts = [f"{marker(0)}\n{text}" for text in ("first", "second", "theirs")]
    ids = [
        github.add_comment(7, text, author=author) for text, author in zip(texts, (KIT, KIT, "mallory"), strict=True)
    ]

    assert_settled(github, 1, canary)

    assert sorted(github.comments) == [ids[0], ids[2]]


def test_a_strangers_album_is_not_taken_for_ours(github: FakeGitHub, canary: Canary) -> None:
    forged = Album(commit=CommitSha("e" * 40), names=("0" * 16 + ".svg",))
    github.add_comment(7, f"{marker(0)}\n{forged}\ntext", author=KIT)

    assert_settled(github, 1, canary)


def test_the_command_survives_faults_and_prints_no_secret(
    server: FakeGitHub, tmp_path: Path, canary: Canary, record_property: Note
) -> None:
    """The whole verb, with its summary page and step outputs: few trials, for it keeps GitHub's pace."""
    trials = count_trials(part=100)
    canary.servers.append(server)
    codes = []
    for seed in range(trials):
        for kept in (server.faults, server.comments, server.log, server.refs):
            kept.clear()
        desk = make_desk(server, tmp_path / str(seed))
        desk.write_report(0.85)
        chance = random.Random(seed)  # noqa: S311 - repeats a trial, guards nothing
        server.fail(Fault(method="POST", path=chance.choice(["/comments", "/check-runs"]), when=chance.choice(WHEN)))
        server.fail(Fault(method="GET", path="/comments", reset=True))

        codes.append(desk.comment(GITHUB_TOKEN=SECRET))
        assert len(desk.bodies()) == 1

    assert set(codes) == {ExitCode.DONE}
    record_property("trials", f"comment: {trials} runs of the command among faults")
