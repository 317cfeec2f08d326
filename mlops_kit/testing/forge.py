"""A forge in memory: one repository's pull requests, comments and commit statuses, with an account and faults."""

from collections.abc import Iterable

from mlops_kit.core.errors import ConflictError, InputError, KitError
from mlops_kit.core.forge import Comment, CommitStatus, PullRequest
from mlops_kit.core.types import CommitSha


class MemoryForge:
    """The Forge port without a server.

    `failures` are raised by the next writes, one each, before (or, with `late_failures`, after) the write is done.
    """

    def __init__(self, pull_requests: Iterable[PullRequest] = (), *, login: str = "github-actions[bot]") -> None:
        self.login = login
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
