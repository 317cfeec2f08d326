"""What every Forge promises: the one in memory, and GitHub's adapter against a server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from mlops_kit.adapters.github.forge import connect
from mlops_kit.adapters.github.transport import Patience
from mlops_kit.core.errors import ConflictError, InputError, RefusedError
from mlops_kit.core.forge import (
    AnnotationLevel,
    Branch,
    CheckAnnotation,
    CheckRun,
    CheckState,
    CommitStatus,
    Permission,
    PersonReview,
    PullRequest,
    ReviewState,
    StatusState,
)
from mlops_kit.core.ports import Forge
from mlops_kit.core.types import CommitSha, EnvironmentName
from mlops_kit.testing.forge import MemoryForge
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

HEAD, BASE = CommitSha("a" * 40), CommitSha("b" * 40)
PULL_REQUEST = PullRequest(
    number=7,
    head=HEAD,
    base=BASE,
    head_branch="feature",
    base_branch="main",
    is_fork=False,
    head_repository="acme/churn",
    labels=("accepted", "bug"),
    author="octocat",
    url="https://github.test/acme/churn/pull/7",
)
CLOSED = PullRequest(
    number=5,
    head=CommitSha("e" * 40),
    base=BASE,
    head_branch="feature",
    base_branch="main",
    is_fork=True,
    head_repository="mallory/churn",
    is_locked=True,
    is_open=False,
    author="octocat",
    url="https://github.test/acme/churn/pull/5",
)
CHECK = CheckRun(name="mlops-kit", state=CheckState.IN_PROGRESS, title="under way", link="https://ci.test/1")
QUICK = Patience(timeout=5, tries=3, deadline=20, pause=0.01, limit_pause=0.01, between_writes=0)


@dataclass(frozen=True, kw_only=True)
class World:
    """A forge with one pull request, number 7, and a way to see the statuses set."""

    forge: Forge
    github: FakeGitHub | MemoryForge

    def add_comment(self, body: str, *, author: str) -> None:
        """Somebody comments."""
        self.github.add_comment(7, body, author=author)

    def add_review(self, author: str, state: ReviewState, commit: CommitSha = HEAD) -> None:
        """Somebody reviews."""
        if isinstance(self.github, MemoryForge):
            review = PersonReview(author=author, state=state, commit=commit)
            self.github.reviews.setdefault(7, []).append(review)
        else:
            self.github.add_review(7, state.name, author=author, commit=commit)

    def approve(self, run: int, author: str, *environments: str) -> None:
        """Somebody lets a run go on."""
        if isinstance(self.github, MemoryForge):
            for name in map(EnvironmentName, environments):
                known = self.github.run_approvals.get((run, name), ())
                self.github.run_approvals[run, name] = tuple(sorted({*known, author}))
        else:
            self.github.run_approvals.setdefault(run, []).append(
                {"environments": environments, "state": "approved", "author": author}
            )

    def statuses(self) -> dict[object, object]:
        """Context to state of the head's last statuses."""
        if isinstance(self.github, MemoryForge):
            return {name: status.state.value for name, status in self.github.statuses[HEAD].items()}
        return {status["context"]: status["state"] for status in self.github.statuses}

    def checks(self) -> list[tuple[str, str, str, int]]:
        """Name, state, title and number of annotations of the head's check runs, the oldest first."""
        if isinstance(self.github, MemoryForge):
            runs = self.github.check_runs.get(HEAD, [])
            return [(run.name, run.state.value, run.title, len(run.annotations)) for run in runs]
        return [
            (run["name"], run.get("conclusion") or run["status"], run["output"]["title"], len(run["annotations"]))
            for _, run in sorted(self.github.check_runs.items())
        ]


@pytest.fixture(params=["memory", "github"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        forge = MemoryForge([PULL_REQUEST, CLOSED])
        forge.permissions = {"ada": Permission.ADMIN, "may": Permission.WRITE, "roy": Permission.READ}
        forge.merged[CommitSha("d" * 40)] = 5
        yield World(forge=forge, github=forge)
        return
    github = FakeGitHub()
    github.accounts["token"] = Account(login="github-actions[bot]")
    github.add_pull_request(7, head=HEAD, base=BASE, labels=["bug", "accepted"])
    github.add_pull_request(
        5, head="e" * 40, base=BASE, head_repository="mallory/churn", state="closed", locked=True, commits=["d" * 40]
    )
    github.roles = {"ada": "admin", "may": "maintain", "roy": "triage"}
    with github.serve():
        yield World(forge=connect("acme/churn", api_url=github.url, token="token", patience=QUICK), github=github)


def test_a_workflow_token_writes_as_the_actions_account(world: World) -> None:
    assert world.forge.read_login() == "github-actions[bot]"


def test_a_pull_request_is_read_by_number(world: World) -> None:
    assert world.forge.read_pull_request(7) == PULL_REQUEST
    assert world.forge.read_pull_request(5) == CLOSED


def test_pull_requests_are_found_by_a_commit_that_they_have(world: World) -> None:
    assert world.forge.find_pull_requests(HEAD) == (PULL_REQUEST,)
    assert world.forge.find_pull_requests(CommitSha("d" * 40)) == (CLOSED,)
    assert world.forge.find_pull_requests(CommitSha("f" * 40)) == ()


def test_open_pull_requests_are_found_by_their_branch(world: World) -> None:
    assert world.forge.find_branch_pull_requests(Branch(repository="acme/churn", name="feature")) == (PULL_REQUEST,)
    assert world.forge.find_branch_pull_requests(Branch(repository="mallory/churn", name="feature")) == ()
    assert world.forge.find_branch_pull_requests(Branch(repository="acme/other", name="feature")) == ()


@pytest.mark.parametrize(
    ("login", "permission"),
    [
        ("ada", Permission.ADMIN),
        ("may", Permission.WRITE),
        ("roy", Permission.READ),
        ("nobody", Permission.NONE),
        ("../ada", Permission.NONE),
        ("github-actions[bot]", Permission.NONE),
        ("", Permission.NONE),
    ],
)
def test_a_permission_is_what_the_forge_says(world: World, login: str, permission: Permission) -> None:
    assert world.forge.read_permission(login) is permission


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


def annotated(count: int) -> CheckRun:
    remarks = tuple(
        CheckAnnotation(path="params.yaml", line=line, level=AnnotationLevel.NOTICE, title="rate", message="1 → 2")
        for line in range(1, count + 1)
    )
    return replace(CHECK, state=CheckState.SUCCESS, title="all gates pass", summary="x" * 70_000, annotations=remarks)


def test_a_check_that_was_begun_is_the_one_that_ends(world: World) -> None:
    world.forge.set_check_run(HEAD, CHECK)
    assert world.checks() == [("mlops-kit", "in_progress", "under way", 0)]

    world.forge.set_check_run(HEAD, annotated(1))

    assert world.checks() == [("mlops-kit", "success", "all gates pass", 1)]


@pytest.mark.parametrize("count", [0, 50, 51, 130])
def test_a_check_takes_any_number_of_annotations(world: World, count: int) -> None:
    world.forge.set_check_run(HEAD, annotated(count))

    assert world.checks() == [("mlops-kit", "success", "all gates pass", count)]


def test_the_same_check_again_writes_nothing(world: World) -> None:
    world.forge.set_check_run(HEAD, annotated(60))
    before = list(world.github.writes if isinstance(world.github, MemoryForge) else world.github.writes())

    world.forge.set_check_run(HEAD, annotated(60))

    assert world.checks() == [("mlops-kit", "success", "all gates pass", 60)]
    assert before == (world.github.writes if isinstance(world.github, MemoryForge) else world.github.writes())


def test_a_check_that_is_over_gets_a_successor(world: World) -> None:
    world.forge.set_check_run(HEAD, annotated(3))
    world.forge.set_check_run(HEAD, replace(CHECK, state=CheckState.FAILURE, title="a gate refuses"))

    assert world.checks() == [
        ("mlops-kit", "success", "all gates pass", 3),
        ("mlops-kit", "failure", "a gate refuses", 0),
    ]


def test_checks_of_other_names_live_side_by_side(world: World) -> None:
    for name in ("mlops-kit", "mlops-kit/nightly"):
        world.forge.set_check_run(HEAD, replace(CHECK, name=name))

    assert [name for name, *_ in world.checks()] == ["mlops-kit", "mlops-kit/nightly"]


def test_a_token_that_is_no_apps_is_refused(world: World) -> None:
    if isinstance(world.github, MemoryForge):
        world.github.is_app = False
    else:
        world.github.accounts["token"] = Account(login="ada", is_app=False)

    with pytest.raises(RefusedError):
        world.forge.set_check_run(HEAD, CHECK)


def test_reviews_of_every_page_are_listed_the_oldest_first(world: World) -> None:
    older = CommitSha("d" * 40)
    world.add_review("ada", ReviewState.CHANGES_REQUESTED, older)
    for _ in range(120):
        world.add_review("roy", ReviewState.COMMENTED)
    world.add_review("ada", ReviewState.APPROVED)

    reviews = world.forge.list_reviews(7)

    assert len(reviews) == 122
    assert reviews[0] == PersonReview(author="ada", state=ReviewState.CHANGES_REQUESTED, commit=older)
    assert reviews[-1] == PersonReview(author="ada", state=ReviewState.APPROVED, commit=HEAD)


def test_a_run_is_approved_by_whom_let_it_into_the_environment(world: World) -> None:
    world.approve(11, "may", "staging", "production")
    world.approve(11, "ada", "production")
    world.approve(12, "roy", "production")

    assert world.forge.list_run_approvals(11, EnvironmentName("production")) == ("ada", "may")
    assert world.forge.list_run_approvals(11, EnvironmentName("dev")) == ()


def test_a_pull_request_is_opened_once_for_its_two_branches(world: World) -> None:
    opened = world.forge.open_pull_request("back", "main", title="Go back", body="to what ran before")
    again = world.forge.open_pull_request("back", "main", title="Go back", body="to what ran before")
    other = world.forge.open_pull_request("back", "dev", title="Go back", body="elsewhere")

    assert again == opened
    assert (opened.head_branch, opened.base_branch, opened.is_open) == ("back", "main", True)
    assert (opened.author, opened.is_fork) == ("github-actions[bot]", False)
    assert other.number != opened.number


def test_a_closed_pull_request_is_found_no_more_and_closing_it_again_is_fine(world: World) -> None:
    opened = world.forge.open_pull_request("old", "main", title="Old", body="data")

    world.forge.close_pull_request(opened.number)
    world.forge.close_pull_request(opened.number)

    assert world.forge.read_pull_request(opened.number).is_open is False
    assert world.forge.find_branch_pull_requests(Branch(repository="acme/churn", name="old")) == ()
    with pytest.raises(InputError):
        world.forge.close_pull_request(99)
