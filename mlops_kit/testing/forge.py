"""A forge in memory: one repository's pull requests, comments, checks and permissions, with an account and faults."""

from collections.abc import Iterable
from dataclasses import replace

from mlops_kit.core.errors import ConflictError, InputError, KitError, RefusedError
from mlops_kit.core.forge import (
    Branch,
    CheckRun,
    CheckState,
    Comment,
    CommitStatus,
    Permission,
    PersonReview,
    PullRequest,
)
from mlops_kit.core.types import CommitSha, EnvironmentName


class MemoryForge:
    """The Forge port without a server.

    `failures` are raised by the next writes, one each, before (or, with `late_failures`, after) the write is done.
    `check_runs` are by commit, the newest of a name last. `is_app` says whether the token may set them.
    """

    def __init__(
        self,
        pull_requests: Iterable[PullRequest] = (),
        *,
        login: str = "github-actions[bot]",
        is_app: bool = True,
    ) -> None:
        self.login = login
        self.is_app = is_app
        self.permissions: dict[str, Permission] = {}
        self.reviews: dict[int, list[PersonReview]] = {}
        self.run_approvals: dict[tuple[int, EnvironmentName], tuple[str, ...]] = {}
        self.texts: dict[int, tuple[str, str]] = {}
        self.merged: dict[CommitSha, int] = {}
        self.check_runs: dict[CommitSha, list[CheckRun]] = {}
        self.pull_requests = {pull_request.number: pull_request for pull_request in pull_requests}
        self.comments: dict[int, list[Comment]] = {number: [] for number in self.pull_requests}
        self.statuses: dict[CommitSha, dict[str, CommitStatus]] = {}
        self.failures: list[KitError] = []
        self.late_failures: list[KitError] = []
        self.writes: list[str] = []
        self._next_id = 1

    def add_comment(self, number: int, body: str, *, author: str) -> Comment:
        """Put a comment there as if that author had written it."""
        url = f"https://forge.test/pull/{number}#issuecomment-{self._next_id}"
        comment = Comment(id=self._next_id, author=author, body=body, url=url)
        self._next_id += 1
        self.comments[number].append(comment)
        return comment

    def read_login(self) -> str:
        """The account of the token."""
        return self.login

    def read_pull_request(self, number: int) -> PullRequest:
        """The pull request; InputError where there is none of that number."""
        if number not in self.pull_requests:
            raise InputError(f"there is no pull request {number}")
        return self.pull_requests[number]

    def find_pull_requests(self, commit: CommitSha) -> tuple[PullRequest, ...]:
        """The pull requests that have the commit as their head, and the one that `merged` says it came by."""
        known = (self.pull_requests[number] for number in sorted(self.pull_requests))
        return tuple(found for found in known if found.head == commit or self.merged.get(commit) == found.number)

    def find_branch_pull_requests(self, branch: Branch) -> tuple[PullRequest, ...]:
        """The open pull requests of a branch, by number."""
        return tuple(
            found
            for found in (self.pull_requests[number] for number in sorted(self.pull_requests))
            if found.is_open and Branch(repository=found.head_repository, name=found.head_branch) == branch
        )

    def read_permission(self, login: str) -> Permission:
        """What an account may do here; NONE where it is unknown."""
        return self.permissions.get(login, Permission.NONE)

    def list_reviews(self, number: int) -> tuple[PersonReview, ...]:
        """Those in `reviews`."""
        return tuple(self.reviews.get(number, ()))

    def list_run_approvals(self, run_id: int, environment: EnvironmentName) -> tuple[str, ...]:
        """Those in `run_approvals`."""
        return self.run_approvals.get((run_id, environment), ())

    def open_pull_request(self, head: str, base: str, *, title: str, body: str) -> PullRequest:
        """The open one of these branches, opened where there is none; its text is kept in `texts`."""
        for known in self.pull_requests.values():
            if (known.head_branch, known.base_branch, known.is_open) == (head, base, True):
                return known
        self._begin("open")
        number = max(self.pull_requests, default=0) + 1
        commit = CommitSha(f"{number:040x}")
        self.pull_requests[number] = PullRequest(
            number=number,
            head=commit,
            base=commit,
            head_branch=head,
            base_branch=base,
            is_fork=False,
            author=self.login,
            url=f"https://forge.test/pull/{number}",
        )
        self.comments[number] = []
        self.texts[number] = (title, body)
        self._end()
        return self.pull_requests[number]

    def close_pull_request(self, number: int) -> None:
        """Close it; InputError where there is none of that number."""
        known = self.read_pull_request(number)
        self._begin("close")
        self.pull_requests[number] = replace(known, is_open=False)
        self._end()

    def list_comments(self, number: int) -> tuple[Comment, ...]:
        """All comments of a pull request, by id."""
        if number not in self.comments:
            raise InputError(f"there is no pull request {number}")
        return tuple(sorted(self.comments[number]))

    def create_comment(self, number: int, body: str) -> None:
        """Add a comment."""
        self._begin("create")
        self.add_comment(number, body, author=self.login)
        self._end()

    def update_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; ConflictError where it was deleted meanwhile."""
        self._begin("update")
        comments, position = self._find(comment)
        comments[position] = Comment(id=comment.id, author=comments[position].author, body=body, url=comment.url)
        self._end()

    def delete_comment(self, comment: Comment) -> None:
        """Remove a comment; one that is gone already is fine."""
        self._begin("delete")
        try:
            comments, position = self._find(comment)
        except ConflictError:
            return
        del comments[position]
        self._end()

    def set_commit_status(self, commit: CommitSha, status: CommitStatus) -> None:
        """Set one check of a commit."""
        self._begin("status")
        self.statuses.setdefault(commit, {})[status.context] = status
        self._end()

    def set_check_run(self, commit: CommitSha, check: CheckRun) -> None:
        """Set the check run of its name; nothing is written where it says that already."""
        if not self.is_app:
            raise RefusedError("the token is no app's")
        runs = self.check_runs.setdefault(commit, [])
        last = next((run for run in reversed(runs) if run.name == check.name), None)
        if last == check:
            return
        self._begin("check")
        if last and last.state is CheckState.IN_PROGRESS:
            runs.remove(last)
        runs.append(check)
        self._end()

    def _find(self, comment: Comment) -> tuple[list[Comment], int]:
        for comments in self.comments.values():
            for position, there in enumerate(comments):
                if there.id == comment.id:
                    return comments, position
        raise ConflictError(f"comment {comment.id} is gone")

    def _begin(self, write: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.writes.append(write)

    def _end(self) -> None:
        if self.late_failures:
            raise self.late_failures.pop(0)
