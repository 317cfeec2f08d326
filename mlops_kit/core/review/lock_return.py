"""What became of the lock that a runner reproduced, as a word that crosses from job to job and as a sentence."""

import re
from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.errors import InputError
from mlops_kit.core.types import CommitSha

TRAILER = "Mlops-Kit-Reproduced"
_COMMIT = re.compile(r"[0-9a-f]{40}")
QUIET_LOGIN = "github-actions[bot]"
"""Whose pushes start no workflow: the account of a workflow's own token."""


class LockOutcome(StrEnum):
    """What became of the lock; QUIETLY where GitHub starts no workflow for the commit."""

    COMMITTED = "committed"
    QUIETLY = "committed-quietly"
    UNCHANGED = "unchanged"
    OUTDATED = "outdated"
    MOVED = "moved"
    UNSTABLE = "unstable"
    FORK = "fork"
    NO_BYTES = "no-bytes"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def is_committed(self) -> bool:
        """Whether the pull request's branch has the lock that the runner made."""
        return self in {LockOutcome.COMMITTED, LockOutcome.QUIETLY}


_SENTENCES = {
    LockOutcome.COMMITTED: "What the runner reproduced was committed to the branch.",
    LockOutcome.QUIETLY: "What the runner reproduced was committed to the branch by the workflow's own token, for "
    "whose commits GitHub starts no workflow: this check is set, other required checks need a push or an app's token.",
    LockOutcome.OUTDATED: "`dvc.lock` is not what the runner reproduced, and `review: {commit: none}` leaves it to "
    "you: run `mlops-kit reproduce`, then commit `dvc.lock` and the small outputs.",
    LockOutcome.MOVED: "What the runner reproduced was not committed, for the branch moved on meanwhile.",
    LockOutcome.UNSTABLE: "The runner reproduced its own commit again with another result: a stage gives something "
    "else each time. The lock that is committed stays.",
    LockOutcome.FORK: "What the runner reproduced was not committed: the branch is a fork's.",
    LockOutcome.NO_BYTES: "What the runner reproduced was not committed, for its outputs are not in the DVC remote and "
    "were too large to be handed over: let a runner with access of its own push them (`reproduce --push`).",
    LockOutcome.REFUSED: "What the runner reproduced was not committed: it was refused. The job Commit says why.",
    LockOutcome.FAILED: "What the runner reproduced was not committed: the job Commit failed, and says why.",
}


def tell_lock(outcome: LockOutcome | None) -> str:
    """The outcome as a sentence of markdown; nothing where there is nothing to say."""
    return _SENTENCES.get(outcome, "") if outcome else ""


@dataclass(frozen=True, kw_only=True)
class LockReturn:
    """What became of the lock, the commit that has it where one does, and what else people should know."""

    outcome: LockOutcome
    commit: CommitSha | None = None
    note: str = ""


def parse_return(outcome: str, commit: str) -> LockReturn | None:
    """What another job said in its outputs, None where it said nothing; InputError for what cannot be."""
    if not outcome:
        return None
    if commit and not _COMMIT.fullmatch(commit):
        raise InputError(f"{commit[:60]!r} is not the name of a commit", hint="use the output commit of `commit`")
    return LockReturn(outcome=LockOutcome(outcome), commit=CommitSha(commit) if commit else None)


def keeps_from_merging(outcome: LockOutcome | None, *, uncommitted: bool) -> bool:
    """Whether a merge would bring another lock than the one that was reproduced and reviewed.

    `uncommitted` is what the report says of the lock; a job that failed has said nothing better.
    """
    if outcome is LockOutcome.FAILED:
        return uncommitted
    return outcome in {LockOutcome.OUTDATED, LockOutcome.NO_BYTES, LockOutcome.REFUSED}


def commit_message(head: CommitSha, paths: tuple[str, ...], *, run_url: str) -> str:
    """The message of a commit that has what a run reproduced; only counted paths, for a stranger chose their names."""
    count = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    where = f" by {run_url}" if run_url else ""
    return (
        "Update dvc.lock to what the runner reproduced\n\n"
        f"Commit {head} was reproduced{where}:\n"
        f"{count} changed, and the outputs are in the DVC remote.\n\n"
        f"{TRAILER}: {head}\n"
    )


def is_reproduction(message: str, parent: CommitSha | None) -> bool:
    """Whether a commit's message says that it is what the kit reproduced of its parent."""
    return parent is not None and f"{TRAILER}: {parent}" in message.splitlines()
