"""Finds what a report is about: the pull request, or the merge group, that the workflow's event leads to.

Number, head and branches come from GitHub's event or its API, never from the report.
"""

from dataclasses import dataclass, replace

from mlops_kit.core.errors import InputError, IntegrityError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.ports import Forge
from mlops_kit.core.review.event import Event, FinishedRun, Numbered, PushedCommit
from mlops_kit.core.types import CommitSha

_REPORTED = frozenset({"success", "failure"})
"""How a run ended that may have left a report: a stage that failed is reported too."""
_NAME_IT = "name the pull request with --pull-request N"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A pull request with the head that is reported on; `now` is as the forge has it, None where it was not asked."""

    pull_request: PullRequest
    now: PullRequest | None = None

    @property
    def current_head(self) -> CommitSha | None:
        """The head that the pull request moved on to; None where it did not, as far as is known."""
        return self.now.head if self.now and self.now.head != self.pull_request.head else None


@dataclass(frozen=True, kw_only=True)
class NoSubject:
    """There is nothing to report on, which is as it should be, and why."""

    reason: str


def find_subject(forge: Forge, event: Event, *, repository: str) -> Subject | MergeGroup | NoSubject:
    """What the event is about; the forge is asked where the event alone does not say.

    IntegrityError for a run of another repository, InputError where no one pull request fits.
    """
    match event:
        case PullRequest():
            return Subject(pull_request=event)
        case MergeGroup():
            return event
        case Numbered(number=number):
            found = forge.read_pull_request(number)
            return Subject(pull_request=found, now=found)
        case PushedCommit(commit=commit):
            return _of_commit(forge, commit)
        case FinishedRun():
            return _of_run(forge, event, repository)


def look_again(forge: Forge, subject: Subject) -> Subject:
    """The subject with the pull request as the forge has it now: labels, whether it is locked, its head."""
    now = subject.now or forge.read_pull_request(subject.pull_request.number)
    reviewed = replace(
        subject.pull_request, labels=now.labels, is_locked=now.is_locked, is_open=now.is_open, is_merged=now.is_merged
    )
    return Subject(pull_request=reviewed, now=now)


def _of_commit(forge: Forge, commit: CommitSha) -> Subject:
    """The open pull request whose head is the commit."""
    found = [each for each in forge.find_pull_requests(commit) if each.is_open and each.head == commit]
    return _the_only(found, commit)


def _of_run(forge: Forge, run: FinishedRun, repository: str) -> Subject | NoSubject:
    """The pull request that a workflow ran for, found by its branch: a fork's commits are known by nothing else."""
    if run.repository != repository:
        raise IntegrityError(f"the workflow run is of {run.repository[:100]!r}, not of {repository}")
    if run.caused_by != "pull_request":
        return NoSubject(reason=f"the workflow ran for {run.caused_by[:40]}, not for a pull request")
    if run.conclusion not in _REPORTED:
        return NoSubject(reason=f"the workflow run ended as {run.conclusion[:40] or 'nothing'}: it left no report")
    if run.branch is None:
        return NoSubject(reason="the branch that the workflow ran for is gone")
    found = forge.find_branch_pull_requests(run.branch)
    if not found:
        return NoSubject(reason="the pull request that the workflow ran for is closed")
    subject = _the_only([each for each in found if each.head == run.head] or list(found), run.head)
    return replace(subject, pull_request=replace(subject.pull_request, head=run.head))


def _the_only(found: list[PullRequest], commit: CommitSha) -> Subject:
    match found:
        case [only]:
            return Subject(pull_request=only, now=only)
        case []:
            raise InputError(f"no open pull request has commit {commit} as its head", hint=_NAME_IT)
        case several:
            numbers = ", ".join(str(each.number) for each in several)
            raise InputError(f"several pull requests have this head: {numbers}", hint=_NAME_IT)
