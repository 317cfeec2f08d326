"""Posts a report on its pull request: one comment, kept up to date, and one check of the commit."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from mlops_kit.core.errors import ConflictError, OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import Comment, CommitStatus, PullRequest, StatusState
from mlops_kit.core.ports import Forge
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.judgement import summarize_gates
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import (
    DEFAULT_REPORT_ID,
    Create,
    Marker,
    Remove,
    Settled,
    Superseded,
    Update,
    next_step,
    own_comments,
)
from mlops_kit.core.types import CommitSha

ROUNDS = 8
"""How often the comments are looked at before giving up; without faults or rivals three are enough."""
STATUS_TRIES = 3
COMMENT_LIMIT = 60_000
"""Characters of a comment without its marker; GitHub takes 65,536."""
CONTEXT = "mlops-kit"
"""The check's name; a report with an id of its own has a check of its own."""


class Outcome(StrEnum):
    """What became of the comment; SUMMARY_ONLY where GitHub lets no workflow comment on this pull request."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    SUMMARY_ONLY = "summary-only"


@dataclass(frozen=True, kw_only=True)
class Review:
    """A judged report, whose it is, and which run says it (0: no workflow's)."""

    report: Report
    pull_request: PullRequest
    report_id: str
    run: int = 0
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class Posting:
    """A text for a pull request; `marker` is its first line and says whose it is."""

    number: int
    marker: Marker
    text: str

    @property
    def body(self) -> str:
        """The comment as the forge keeps it."""
        return f"{self.marker}\n{self.text}"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What became of the comment, the one there now is, and why there is none."""

    outcome: Outcome
    comment: Comment | None = None
    obstacle: str = ""

    @property
    def url(self) -> str:
        """The comment's address, or an empty text."""
        return self.comment.url if self.comment else ""


def post_review(forge: Forge, review: Review) -> Posted:
    """Post the report as the one comment of its id.

    RefusedError where the token lacks a permission that it could have.
    """
    pull_request = review.pull_request
    marker = Marker(report_id=review.report_id, run=review.run, attempt=review.attempt, head=pull_request.head)
    text = render_report(review.report, limit=COMMENT_LIMIT)
    try:
        return post_comment(forge, Posting(number=pull_request.number, marker=marker, text=text))
    except RefusedError as error:
        if not pull_request.is_closed_to_us:
            raise
        return Posted(outcome=Outcome.SUMMARY_ONLY, obstacle=str(error))


def set_check(forge: Forge, review: Review, posted: Posted) -> None:
    """Set the check of the pull request's head by the verdict, with a link to the comment."""
    named = review.report_id != DEFAULT_REPORT_ID
    status = CommitStatus(
        context=f"{CONTEXT}/{review.report_id}" if named else CONTEXT,
        state=StatusState.FAILURE if review.report.verdict is Verdict.FAIL else StatusState.SUCCESS,
        description=summarize_gates(review.report),
        link=posted.url,
    )
    set_status(forge, review.pull_request.head, status)


def post_comment(forge: Forge, posting: Posting) -> Posted:
    """Look, do one step, look again, until exactly one comment says what it should.

    What a write answers is not believed: whether it was done is what the next look shows. OutsideError where it does
    not settle, RefusedError where the token may not write.
    """
    author = forge.read_login()
    outcome, obstacle = Outcome.UNCHANGED, None
    for _ in range(ROUNDS):
        comments = forge.list_comments(posting.number)
        own = own_comments(comments, author=author, report_id=posting.marker.report_id)
        match next_step(own, marker=posting.marker, body=posting.body):
            case Settled(comment=comment):
                return Posted(outcome=outcome, comment=comment)
            case Superseded(comment=comment):
                return Posted(outcome=Outcome.SUPERSEDED, comment=comment)
            case step:
                outcome = _outcome_of(step, outcome)
                obstacle = _try_step(forge, posting, step) or obstacle
    raise OutsideError(
        f"the comment on pull request {posting.number} does not settle", hint="run it again"
    ) from obstacle


def set_status(forge: Forge, commit: CommitSha, status: CommitStatus) -> None:
    """Set a check of the commit; tried again where it is not known to be done, since the last one set counts."""
    for _ in range(STATUS_TRIES - 1):
        try:
            return forge.set_commit_status(commit, status)
        except PassingError:
            continue
    return forge.set_commit_status(commit, status)


def _outcome_of(step: Create | Remove | Update, before: Outcome) -> Outcome:
    if isinstance(step, Create) or before is Outcome.CREATED:
        return Outcome.CREATED
    return Outcome.UPDATED


def _try_step(forge: Forge, posting: Posting, step: Create | Remove | Update) -> ConflictError | PassingError | None:
    """Do one step; a failure that the next look can judge is handed back, not raised."""
    try:
        _do_step(forge, posting, step)
    except (ConflictError, PassingError) as obstacle:
        return obstacle
    return None


def _do_step(forge: Forge, posting: Posting, step: Create | Remove | Update) -> None:
    match step:
        case Create():
            forge.create_comment(posting.number, posting.body)
        case Remove(extras=extras):
            for comment in extras:
                forge.delete_comment(comment)
        case Update(comment=comment):
            forge.update_comment(comment, posting.body)
        case _:
            assert_never(step)
