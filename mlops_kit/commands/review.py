"""Reviews a pull request by a stranger's report: judge it, look around, and say so in the comment and the check."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from mlops_kit.commands.check import read_remarks, set_check
from mlops_kit.commands.comment import Posted, Review, Thread, read_thread
from mlops_kit.commands.judge import Bench, Evidence, judge, read_base_policy
from mlops_kit.commands.override import find_override
from mlops_kit.commands.subject import Subject, look_again
from mlops_kit.core.errors import KitError
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.ports import Forge, Git
from mlops_kit.core.render.check import report_check
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.lock_return import LockReturn, keeps_from_merging
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.override import can_be_overridden, override_hint
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID
from mlops_kit.core.review.tracked_run import tracking_url
from mlops_kit.core.types import CommitSha

OpenHead = Callable[[PullRequest | MergeGroup], AbstractContextManager[Git]]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a review works with: the forge, what judges, where head's files are, and which run it is (0: none).

    `tracking_uri` is the tracking server that this job trusts, for a link to head's run; it may hold credentials.
    `lock` is what the job that commits said, None where there was none.
    """

    forge: Forge
    bench: Bench
    open_head: OpenHead
    report_id: str = DEFAULT_REPORT_ID
    run: int = 0
    attempt: int = 0
    run_url: str = ""
    tracking_uri: str = ""
    lock: LockReturn | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A judged report before it is posted; `thread` is None where the comments could not be read.

    `reproduced` is the commit that was run, where the review is of the commit that has its lock.
    """

    review: Review
    occasion: Occasion
    thread: Thread | None = None
    reproduced: CommitSha | None = None


def prepare(desk: Desk, subject: Subject, evidence: Evidence) -> Prepared:
    """Judge the report, then look at the pull request as it is now: its head, its labels, its comments.

    InvalidInputError for what is no report, IntegrityError for a report of another commit.
    """
    reproduced = subject.pull_request.head
    report, seen = with_lock(
        judge(desk.bench, evidence, subject.pull_request), look_again(desk.forge, subject), desk.lock
    )
    review = Review(
        report=report,
        pull_request=seen.pull_request,
        report_id=desk.report_id,
        run=desk.run,
        attempt=desk.attempt,
    )
    thread = _read_thread(desk, seen.pull_request)
    occasion = Occasion(
        run_url=desk.run_url,
        current_head=seen.current_head,
        tracking_url=tracking_url(desk.tracking_uri, report.tracked),
        lock=desk.lock.outcome if desk.lock else None,
    )
    if not keeps_from_merging(occasion.lock, uncommitted=report.lock_uncommitted):
        occasion = _with_override(desk, review, thread, occasion)
    return Prepared(review=review, occasion=occasion, reproduced=reproduced, thread=thread)


def conclude(desk: Desk, prepared: Prepared, posted: Posted) -> None:
    """Set the check of the head that the report is of, with a link to the comment and remarks on its lines.

    Where the lock was committed, the commit that was run gets it too: its check was begun.
    """
    pull_request = prepared.review.pull_request
    for commit in dict.fromkeys([pull_request.head, prepared.reproduced or pull_request.head]):
        proposal = replace(pull_request, head=commit)
        _set_report_check(desk, prepared.review.report, proposal, prepared.occasion, link=posted.url)


def judge_group(desk: Desk, group: MergeGroup, evidence: Evidence) -> Report:
    """Judge the report of a merge group, and set the check that the queue waits for; there is nobody to tell."""
    report = judge(desk.bench, evidence, group)
    _set_report_check(desk, report, group, Occasion(run_url=desk.run_url), link=desk.run_url)
    return report


def with_lock(report: Report, seen: Subject, lock: LockReturn | None) -> tuple[Report, Subject]:
    """The report as of the commit that has the lock, where one was made; failed where a merge would bring another.

    The forge may still show the head before it.
    """
    if lock is None:
        return report, seen
    if keeps_from_merging(lock.outcome, uncommitted=report.lock_uncommitted):
        report = replace(report, verdict=Verdict.FAIL, lock_uncommitted=True)
    if lock.commit is None:
        return report, seen
    before, now = seen.pull_request.head, seen.now
    if now is not None and now.head == before:
        now = replace(now, head=lock.commit)
    head = replace(report.head, commit=lock.commit, worktree=False)
    pull_request = replace(seen.pull_request, head=lock.commit)
    return replace(report, head=head, lock_uncommitted=False), Subject(pull_request=pull_request, now=now)


def _read_thread(desk: Desk, pull_request: PullRequest) -> Thread | None:
    """The comments there are; None where they cannot be read, and posting will say why."""
    try:
        return read_thread(desk.forge, pull_request.number)
    except KitError:
        return None


def _with_override(desk: Desk, review: Review, thread: Thread | None, occasion: Occasion) -> Occasion:
    """The occasion with who accepted the commit by hand, or how that is done; as it is where gates refuse nothing."""
    if thread is None or not can_be_overridden(review.report):
        return occasion
    label = read_base_policy(desk.bench, review.pull_request.base).review.override_label
    found = find_override(desk.forge, review.pull_request, thread.comments, label=label)
    if found:
        return replace(occasion, override=found)
    return replace(occasion, override_hint=override_hint(review.pull_request.head, label=label))


def _set_report_check(
    desk: Desk, report: Report, proposal: PullRequest | MergeGroup, occasion: Occasion, *, link: str
) -> None:
    check = report_check(report, occasion, report_id=desk.report_id, link=link)
    remarks = read_remarks(desk.bench, report, proposal, desk.open_head)
    set_check(desk.forge, proposal.head, replace(check, annotations=remarks))
