"""Where commits are made that nobody has checked out: what the kit proposes as a branch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a commit says made it."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A commit to be made: the tree of `tree`, in which the paths in `taken` are as `source` has them.

    A path that `source` does not have is gone then. `files` are paths with new contents, `removed` are paths that go.
    `parent` is the commit below. `author` is who made it, None for the kit.
    """

    parent: CommitSha
    tree: CommitSha
    source: CommitSha
    taken: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    message: str = ""
    author: Person | None = None


class Pushed(StrEnum):
    """What became of a branch."""

    CREATED = "created"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


class Drafts(Protocol):
    """Makes commits from git objects alone: work tree, index and HEAD stay as they are."""

    def make_commit(self, draft: Draft) -> CommitSha:
        """The commit; the same draft gives the same commit."""

    def push_command(self, branch: str, commit: CommitSha) -> str:
        """The shell command with which a person pushes the commit as a branch."""

    def push_branch(self, branch: str, commit: CommitSha) -> Pushed:
        """Let a branch of the kit's own lead to the commit, on the remote if there is one, else here.

        ConflictError where the branch has a commit that is not the kit's, or moves meanwhile.
        """

    def create_branch(self, branch: str, commit: CommitSha) -> CommitSha:
        """Have a branch of this name, on the remote if there is one, else here; what it leads to.

        That is the commit, or where there was a branch already what that leads to: nothing is pushed over.
        """

    def read_branch(self, branch: str) -> CommitSha | None:
        """The head of a branch on the remote now, None where it is gone; OutsideError where that cannot be said."""

    def read_message(self, commit: CommitSha) -> str:
        """A commit's message."""

    def is_same_change(self, one: CommitSha, other: CommitSha) -> bool:
        """Whether two commits have the same files on the same parents; one that is only on the remote is fetched."""

    def advance_branch(self, branch: str, commit: CommitSha, *, known: CommitSha) -> None:
        """Let a branch of the remote lead from `known` to its child `commit`.

        ConflictError where it leads elsewhere meanwhile, RefusedError where the token may not push.
        """
