"""What every Board promises: the one in memory, and GitHub's Deployments against a server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from mlops_kit.adapters.github.board import connect_board
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import OutsideError, RefusedError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.ports import Board
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName
from mlops_kit.testing.board import MemoryBoard
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account

CHURN, PRICE = ModelName("churn"), ModelName("team/price $(x)")
DEV, STAGING = EnvironmentName("dev"), EnvironmentName("staging")
KIT = "github-actions[bot]"
QUICK = Patience(timeout=5, tries=3, deadline=20, pause=0.01, limit_pause=0.01, between_writes=0)
FIRST = Announcement(
    model=CHURN,
    environment=DEV,
    seq=1,
    digest=Digest(algorithm="md5", value="1" * 32),
    commit=CommitSha("a" * 40),
    state=DeploymentState.SUCCESS,
    description="churn is live in dev",
    url="https://churn.test/dev",
    log_url="https://ci.test/1",
)
SECOND = replace(FIRST, seq=2, digest=Digest(algorithm="md5", value="2" * 32), commit=CommitSha("b" * 40))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A board, and how to see what was written to it."""

    board: Board
    behind: MemoryBoard | FakeGitHub

    @property
    def writes(self) -> int:
        """How often anything was changed."""
        return self.behind.writes if isinstance(self.behind, MemoryBoard) else len(self.behind.writes())

    def states(self) -> list[tuple[int, str, str]]:
        """Number, environment and state of every announcement, the oldest first."""
        if isinstance(self.behind, MemoryBoard):
            return sorted((one.seq, one.environment, one.state.value) for one in self.behind.shown)
        return sorted((int(str(seq)), environment, state) for seq, environment, state in self.behind.board())

    def read(self, environment: EnvironmentName = DEV, *models: ModelName) -> dict[ModelName, Announcement]:
        """What is shown of churn, or of these models."""
        return dict(self.board.read_last(environment, models or (CHURN,)))


@pytest.fixture(params=["memory", "github"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "memory":
        board = MemoryBoard()
        yield Place(board=board, behind=board)
        return
    github = FakeGitHub()
    github.accounts["token"] = Account(login=KIT)
    with github.serve():
        yield Place(board=connect(github), behind=github)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts["token"] = Account(login=KIT)
    with fake.serve():
        yield fake


def connect(github: FakeGitHub) -> Board:
    return connect_board("acme/churn", api_url=github.url, token="token", patience=QUICK)


def end_job(github: FakeGitHub, job: int) -> None:
    """What GitHub does by itself when a job that names an environment succeeds."""
    connection = HTTPConnection(urlsplit(github.url).netloc, timeout=10)
    path = f"/repos/acme/churn/deployments/{job}/statuses"
    connection.request("POST", path, json.dumps({"state": "success"}), {"authorization": "token token"})
    assert connection.getresponse().status == 201
    connection.close()


def test_nothing_is_shown_at_first(place: Place) -> None:
    assert place.read() == {}


def test_what_is_announced_is_read_back(place: Place) -> None:
    place.board.announce(FIRST)

    assert place.read() == {CHURN: FIRST}
    assert place.read(STAGING) == {}


def test_a_promotion_that_began_and_ended_is_one_announcement(place: Place) -> None:
    for state in (DeploymentState.IN_PROGRESS, DeploymentState.FAILURE, DeploymentState.SUCCESS):
        place.board.announce(replace(FIRST, state=state))
        assert place.read() == {CHURN: replace(FIRST, state=state)}

    assert place.states() == [(1, "dev", "success")]


def test_the_same_again_writes_nothing(place: Place) -> None:
    place.board.announce(FIRST)
    writes = place.writes

    place.board.announce(FIRST)

    assert place.writes == writes


def test_a_success_makes_what_was_live_before_inactive_there_and_nowhere_else(place: Place) -> None:
    place.board.announce(FIRST)
    place.board.announce(replace(FIRST, environment=STAGING))
    place.board.announce(replace(SECOND, state=DeploymentState.IN_PROGRESS))
    assert place.states() == [(1, "dev", "success"), (1, "staging", "success"), (2, "dev", "in_progress")]

    place.board.announce(SECOND)

    assert place.states() == [(1, "dev", "inactive"), (1, "staging", "success"), (2, "dev", "success")]
    assert place.read() == {CHURN: SECOND}


def test_the_newest_is_the_one_with_the_highest_number(place: Place) -> None:
    place.board.announce(replace(SECOND, state=DeploymentState.FAILURE))
    place.board.announce(replace(FIRST, state=DeploymentState.IN_PROGRESS))

    assert place.read()[CHURN].seq == 2


def test_models_of_any_name_live_side_by_side(place: Place) -> None:
    price = replace(SECOND, model=PRICE)
    place.board.announce(FIRST)
    place.board.announce(price)

    assert place.read(DEV, CHURN, PRICE) == {CHURN: FIRST, PRICE: price}


def test_a_board_that_is_down_is_an_outside_error(place: Place) -> None:
    if isinstance(place.behind, MemoryBoard):
        place.behind.down = True
    else:
        for method in ("GET", "POST"):
            place.behind.fail(Fault(method=method, path="", n=1000))

    with pytest.raises(OutsideError):
        place.read()
    with pytest.raises(OutsideError):
        place.board.announce(FIRST)


def test_who_may_not_write_is_refused_and_may_still_read(place: Place) -> None:
    if isinstance(place.behind, MemoryBoard):
        place.behind.closed = True
    else:
        place.behind.accounts["token"] = Account(login=KIT, permissions=frozenset({"deployments: read"}))

    with pytest.raises(RefusedError):
        place.board.announce(FIRST)
    assert place.read() == {}


def test_who_may_not_read_is_refused_with_the_permissions_name(github: FakeGitHub) -> None:
    github.accounts["token"] = Account(login=KIT, permissions=frozenset())

    with pytest.raises(RefusedError) as refused:
        connect(github).read_last(DEV, (CHURN,))

    assert "deployments: read" in refused.value.hint


def test_other_peoples_deployments_are_left_alone(github: FakeGitHub) -> None:
    board = connect(github)
    strange: tuple[object, ...] = (
        {},
        "text",
        {"kit": "mlops-kit"},
        {"kit": "mlops-kit", "model": "churn", "seq": True},
    )
    for payload in strange:
        github.add_deployment(DEV, task="promote:churn", payload=payload)

    board.announce(FIRST)

    assert board.read_last(DEV, (CHURN,)) == {CHURN: FIRST}
    assert [github.last_state(one) for one in list(github.deployments)[:4]] == ["pending"] * 4


def test_a_job_that_names_the_environment_does_not_retire_what_is_live(github: FakeGitHub) -> None:
    """GitHub makes a deployment for the job itself, and its success retires older ones that are not of production."""
    board = connect(github)
    board.announce(FIRST)
    job = github.add_deployment(DEV)
    end_job(github, job)

    assert board.read_last(DEV, (CHURN,)) == {CHURN: FIRST}


def test_one_request_tells_how_fifty_models_stand(github: FakeGitHub) -> None:
    board = connect(github)
    models = tuple(ModelName(f"model-{number}") for number in range(50))
    for model in models:
        board.announce(replace(FIRST, model=model))
    github.log.clear()

    assert board.read_last(DEV, models).keys() == set(models)
    assert github.calls() == ["POST /graphql"]


def test_a_model_that_was_announced_long_ago_is_found_on_a_later_page(github: FakeGitHub) -> None:
    board = connect(github)
    board.announce(FIRST)
    for _ in range(230):
        github.add_deployment(DEV)
    github.log.clear()

    assert board.read_last(DEV, (CHURN,)) == {CHURN: FIRST}
    assert len(github.calls()) == 3


@pytest.mark.parametrize("state", [DeploymentState.SUCCESS, DeploymentState.IN_PROGRESS])
def test_a_model_below_hundreds_of_strange_deployments_is_asked_for_alone(
    github: FakeGitHub, state: DeploymentState
) -> None:
    board = connect(github)
    board.announce(FIRST)
    board.announce(replace(SECOND, state=state))
    for _ in range(600):
        github.add_deployment(DEV)
    github.log.clear()

    assert board.read_last(DEV, (CHURN, PRICE)) == {CHURN: replace(SECOND, state=state)}
    assert github.calls().count("POST /graphql") == 5
    assert len(github.calls()) == 8


def test_long_texts_and_strange_addresses_are_made_fit(github: FakeGitHub) -> None:
    board = connect(github)
    board.announce(replace(FIRST, description="x\n" * 200, url="javascript:alert(1)", log_url=""))

    shown = board.read_last(DEV, (CHURN,))[CHURN]
    assert (len(shown.description), shown.url, shown.log_url) == (140, "", "")


ANSWERS = {
    "no list": '{"data": {"repository": {"deployments": {"nodes": 1, "pageInfo": {"hasNextPage": false}}}}}',
    "no repository": '{"data": {"repository": null}}',
    "an error": '{"data": null, "errors": [{"message": "Something went wrong"}]}',
    "no cursor": '{"data": {"repository": {"deployments": {"nodes": [], "pageInfo": {"hasNextPage": true}}}}}',
    "null": "null",
}


@pytest.mark.parametrize("raw", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_of_another_shape_is_an_outside_error(github: FakeGitHub, raw: str) -> None:
    github.fail(Fault(method="POST", path="/graphql", n=10, status=200, raw=raw))

    with pytest.raises(OutsideError):
        connect(github).read_last(DEV, (CHURN,))
