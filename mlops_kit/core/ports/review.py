"""Where a review is shown and runs are tracked."""

from collections.abc import Mapping
from typing import Protocol

from mlops_kit.core.forge import Branch, CheckRun, Comment, CommitStatus, Permission, PersonReview, PullRequest
from mlops_kit.core.tracking import KnownRun, RunData, RunRecord, RunStatus
from mlops_kit.core.types import CommitSha, EnvironmentName


class Forge(Protocol):
    """Pull requests, comments and checks of one repository on a forge (GitHub and the like).

    RefusedError where the token may not do it (the missing permission is named), OutsideError where the forge failed.
    Creating is tried once and never again by itself: who gets an OutsideError lists before trying again.
    """

    def read_login(self) -> str:
        """The name under which the token writes."""

    def read_pull_request(self, number: int) -> PullRequest:
        """The pull request; InputError where there is none of that number."""

    def list_comments(self, number: int) -> tuple[Comment, ...]:
        """All comments of a pull request, of every author and page, by id."""

    def create_comment(self, number: int, body: str) -> None:
        """Add a comment."""

    def update_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; ConflictError where it was deleted meanwhile."""

    def delete_comment(self, comment: Comment) -> None:
        """Remove a comment; one that is gone already is fine."""

    def set_commit_status(self, commit: CommitSha, status: CommitStatus) -> None:
        """Set one check of a commit; the last one set for a context counts."""

    def set_check_run(self, commit: CommitSha, check: CheckRun) -> None:
        """Set the check run of its name; nothing is written where it says that already.

        RefusedError where the token may set none, as those that belong to no app.
        """

    def find_pull_requests(self, commit: CommitSha) -> tuple[PullRequest, ...]:
        """The pull requests that have the commit, and the merged one that brought it, by number."""

    def find_branch_pull_requests(self, branch: Branch) -> tuple[PullRequest, ...]:
        """The open pull requests of a branch of this repository or a fork, by number."""

    def read_permission(self, login: str) -> Permission:
        """What an account may do here; NONE where it is unknown."""

    def list_reviews(self, number: int) -> tuple[PersonReview, ...]:
        """People's reviews of a pull request, of every page, the oldest first."""

    def list_run_approvals(self, run_id: int, environment: EnvironmentName) -> tuple[str, ...]:
        """Who approved that a workflow run deploys to a guarded environment, by login; none where nobody was asked."""

    def open_pull_request(self, head: str, base: str, *, title: str, body: str) -> PullRequest:
        """The open pull request of a branch of this repository into another, opened where there is none."""

    def close_pull_request(self, number: int) -> None:
        """Close a pull request without merging it; one that is closed already is fine."""


class Pictures(Protocol):
    """Keeps pictures where a comment can link to them, one set per pull request and report; a set is a commit.

    RefusedError where the token may not write contents.
    """

    def publish(self, number: int, files: Mapping[str, str | bytes]) -> CommitSha:
        """Put the files, by name, in the place of what was there; the commit that holds them. Safe to repeat."""

    def address(self, commit: CommitSha, name: str) -> str:
        """Where a browser finds a file of a published commit."""

    def read_kept(self, number: int) -> CommitSha | None:
        """The commit that is kept now, None where there are no pictures."""

    def keep(self, number: int, commit: CommitSha) -> None:
        """Put an earlier published commit in the place of what is kept; ConflictError where it is none of pictures."""

    def prune(self, number: int) -> None:
        """Remove all pictures of a pull request, of every report; fine where there are none."""


class Tracking(Protocol):
    """An experiment tracker. It knows no unique key: runs are found by their tag `mlops.key`."""

    def find_runs(self, experiment: str, key: str) -> tuple[KnownRun, ...]:
        """All runs of the key that nobody deleted, in any order; none where there is no such experiment."""

    def create_run(self, record: RunRecord) -> None:
        """Add a run, and the experiment where there is none, with the key in the same call; it is not filled yet.

        Tried once and never again by itself: who gets a PassingError looks before trying again.
        """

    def log(self, run_id: str, data: RunData, *, moment: int) -> None:
        """Add to a run's data, metrics as of a time (milliseconds since 1970); the same again changes nothing."""

    def end_run(self, run_id: str, status: RunStatus, *, moment: int) -> None:
        """Say how a run ended, and when (milliseconds since 1970); safe to repeat."""
