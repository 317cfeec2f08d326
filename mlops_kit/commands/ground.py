"""Reads what a judge can know without the report: base and its metrics, and how head measures, from git objects.

The report may be forged; the base branch is not. Of head only dvc.yaml and dvc.lock are read, as data, and only where
the clone has the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_kit.commands.facts import CommitTree, Facts, read_facts, read_project
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.ports import Git, Objects, Resolver
from mlops_kit.core.review.own_reading import OwnReading
from mlops_kit.core.review.report import Report
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The commit that a pull request is compared with, what it holds, and head's project where that is known.

    `facts` are None where base cannot be read; `error` says why. `unseen` are metrics files that git does not keep.
    `claimed` says that the report is of this base too.
    """

    base: CommitSha
    facts: Facts | None
    head: Project | None
    claimed: bool
    unseen: frozenset[str] = frozenset()
    error: str = ""

    @property
    def known(self) -> Mapping[CommitSha, Facts]:
        """Facts that nobody needs to read again."""
        return {self.base: self.facts} if self.facts else {}

    @property
    def reading(self) -> OwnReading:
        """What of it the judgement takes."""
        return OwnReading(
            base=self.base,
            base_is_claimed=self.claimed,
            files=self.facts.metrics if self.facts and self.facts.project.definitions else None,
            unseen=self.unseen,
            complete=self.facts is not None and not self.facts.notes,
            project=self.facts.project if self.facts else None,
            head=self.head,
            error=self.error,
        )


def read_ground(
    git: Git, resolver: Resolver, objects: Objects | None, *, report: Report, pull_request: PullRequest | MergeGroup
) -> Ground:
    """Base, as git knows it, beside a report."""
    head = _find(git, pull_request.head)
    base, claimed = _choose_base(git, report, pull_request, head)
    facts, error = _read_base(git, resolver, objects, base)
    unseen = frozenset(file.path for file in facts.metrics) - set(git.list_files(base)) if facts else frozenset()
    return Ground(base=base, facts=facts, head=_read_head(git, head), claimed=claimed, unseen=unseen, error=error)


def _choose_base(
    git: Git, report: Report, pull_request: PullRequest | MergeGroup, head: CommitSha | None
) -> tuple[CommitSha, bool]:
    """The commit that the report names where it lies on the base branch after the merge base; else the merge base.

    An older commit, with worse values, would make any change look good. Where head is not in the clone, the base of
    the pull request stands for the merge base.
    """
    earliest = (head and git.merge_base(head, pull_request.base)) or pull_request.base
    named = _find(git, report.base.commit)
    latest = git.branch_head(pull_request.base_branch) or pull_request.base
    lies_after = named is not None and git.is_ancestor(earliest, named)
    if named and lies_after and any(git.is_ancestor(named, end) for end in (pull_request.base, latest)):
        return named, True
    return earliest, False


def _find(git: Git, commit: str) -> CommitSha | None:
    """The commit, if the clone has it; a name that is no full one names nothing."""
    if len(commit) != 40 or not set(commit) <= set("0123456789abcdef"):
        return None
    try:
        return git.resolve(commit)
    except InputError:
        return None


def _read_base(git: Git, resolver: Resolver, objects: Objects | None, base: CommitSha) -> tuple[Facts | None, str]:
    try:
        return read_facts(CommitTree(git=git, commit=base), resolver, objects), ""
    except KitError as error:
        return None, str(error)


def _read_head(git: Git, head: CommitSha | None) -> Project | None:
    """None also where head's files are broken: the report says so, or was made of nothing."""
    try:
        return read_project(git, head) if head else None
    except KitError:
        return None
