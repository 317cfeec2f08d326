"""What every Forge promises: the one in memory, and GitHub's adapter against a server."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mlops_kit.adapters.github.forge import connect
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import ConflictError, InputError
from mlops_kit.core.forge import CommitStatus, PullRequest, StatusState
from mlops_kit.core.ports import Forge
from mlops_kit.core.types import CommitSha
from mlops_kit.testing.forge import MemoryForge
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

HEAD, BASE = CommitSha("a" * 40), CommitSha("b" * 40)
PULL_REQUEST = PullRequest(
    number=7, head=HEAD, base=BASE, head_branch="feature", base_branch="main", is_fork=False
)  # fmt: skip
QUICK = Patience(timeout=5, tries=3, deadline=20, pause=0.01, limit_pause=0.01, between_writes=0)


@dataclass(frozen=True, kw_only=True)
class World:
    """A forge with one pull request, number 7, and a way to see the statuses set."""

    forge: Forge
    github: FakeGitHub | MemoryForge

    def add_comment(self, body: str, *, author: str) -> None:
        """Somebody comments."""
        self.github.add_comment(7, body, author=author)

    def statuses(self) -> dict[object, object]:
        """Context to state of the head's last statuses."""
        if isinstance(self.github, MemoryForge):
            return {name: status.state.value for name, status in self.github.statuses[HEAD].items()}
        return {status["context"]: status["state"] for status in self.github.statuses}


@pytest.fixture(params=["memory", "github"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        forge = MemoryForge([PULL_REQUEST])
        yield World(forge=forge, github=forge)
        return
    github = FakeGitHub()
    github.accounts["token"] = Account(login="github-actions[bot]")
    github.add_pull_request(7, head=HEAD, base=BASE)
    with github.serve():
        yield World(forge=connect("acme/churn", api_url=github.url, token="token", patience=QUICK), github=github)


def test_a_workflow_token_writes_as_the_actions_account(world: World) -> None:
    assert world.forge.read_login() == "github-actions[bot]"


def test_a_pull_request_is_read_by_number(world: World) -> None:
    assert world.forge.read_pull_request(7) == PULL_REQUEST


def test_a_pull_request_that_is_not_there_is_an_input_error(world: World) -> None:
    with pytest.raises(InputError):
        world.forge.read_pull_request(8)


def test_comments_of_a_pull_request_that_is_not_there_are_an_input_error(world: World) -> None:
    with pytest.raises(InputError):
        world.forge.list_comments(8)


def test_a_created_comment_is_listed_with_author_and_text(world: World) -> None:
    world.forge.create_comment(7, "first\n\nline | ünï")

    (comment,) = world.forge.list_comments(7)
    assert (comment.author, comment.body) == ("github-actions[bot]", "first\n\nline | ünï")


def test_comments_of_everybody_and_every_page_are_listed_by_id(world: World) -> None:
    for number in range(250):
        world.add_comment(f"comment {number}", author="octocat")

    comments = world.forge.list_comments(7)

    assert [comment.body for comment in comments] == [f"comment {number}" for number in range(250)]
    assert [comment.id for comment in comments] == sorted(comment.id for comment in comments)


def test_an_updated_comment_keeps_its_id(world: World) -> None:
    world.forge.create_comment(7, "old")
    (before,) = world.forge.list_comments(7)

    world.forge.update_comment(before, "new")

    (after,) = world.forge.list_comments(7)
    assert (after.id, after.body) == (before.id, "new")


def test_updating_a_comment_that_is_gone_is_a_conflict(world: World) -> None:
    world.forge.create_comment(7, "old")
    (comment,) = world.forge.list_comments(7)
    world.forge.delete_comment(comment)

    with pytest.raises(ConflictError):
        world.forge.update_comment(comment, "new")


def test_deleting_a_comment_twice_is_fine(world: World) -> None:
    world.forge.create_comment(7, "old")
    (comment,) = world.forge.list_comments(7)

    world.forge.delete_comment(comment)
    world.forge.delete_comment(comment)

    assert world.forge.list_comments(7) == ()


def test_the_last_status_of_a_context_counts(world: World) -> None:
    for state in (StatusState.PENDING, StatusState.FAILURE, StatusState.SUCCESS):
        world.forge.set_commit_status(HEAD, CommitStatus(context="mlops-kit", state=state, description="said"))

    assert world.statuses() == {"mlops-kit": "success"}
