"""Where commits are made that nobody has checked out: what the kit proposes as a branch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A commit to be made: the tree of `tree`, in which the paths in `taken` are as `source` has them.

    A path that `source` does not have is gone then. `files` are paths with new contents. `parent` is the commit below.
    """

    parent: CommitSha
    tree: CommitSha
    source: CommitSha
    taken: frozenset[str] = frozenset()
    files: Mapping[str, bytes] = field(default_factory=dict)
    message: str = ""


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
