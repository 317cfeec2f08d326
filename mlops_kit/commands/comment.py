"""Posts a report on its pull request: one comment, kept up to date."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from mlops_kit.core.errors import ConflictError, OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import Comment, PullRequest
from mlops_kit.core.ports import Forge
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.pictures import Album, under_album
from mlops_kit.core.review.report import Report
from mlops_kit.core.review.sticky import (
    Create,
    Marker,
    Remove,
    Settled,
    Superseded,
    Update,
    next_step,
    own_comments,
)

ROUNDS = 8
"""How often the comments are looked at before giving up; without faults or rivals three are enough."""
COMMENT_LIMIT = 60_000
"""Characters of a comment without its marker; GitHub takes 65,536."""


class Outcome(StrEnum):
    """What became of the comment; SUMMARY_ONLY where GitHub lets no workflow comment on this pull request."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    SUMMARY_ONLY = "summary-only"


@dataclass(frozen=True, kw_only=True)
class Review:
    """A judged report, whose it is, which run says it (0: no workflow's), and the pictures it shows."""

    report: Report
    pull_request: PullRequest
    report_id: str
    run: int = 0
    attempt: int = 0
    album: Album | None = None


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


@dataclass(frozen=True, kw_only=True)
class Thread:
    """What stands on a pull request: all comments, and the name under which we write there."""

    author: str
    comments: tuple[Comment, ...]


def read_thread(forge: Forge, number: int) -> Thread:
    """The comments of a pull request, every author's."""
    return Thread(author=forge.read_login(), comments=forge.list_comments(number))


def post_review(forge: Forge, review: Review, occasion: Occasion, *, thread: Thread | None = None) -> Posted:
    """Post the report as the one comment of its id; `thread` is a first look at the comments, if there was one.

    RefusedError where the token lacks a permission that it could have.
    """
    text = under_album(review.album, render_report(review.report, occasion, limit=COMMENT_LIMIT))
    posting = Posting(number=review.pull_request.number, marker=marker_of(review), text=text)
    try:
        return post_comment(forge, posting, thread)
    except RefusedError as error:
        if not review.pull_request.is_closed_to_us:
            raise
        return Posted(outcome=Outcome.SUMMARY_ONLY, obstacle=str(error))


def marker_of(review: Review) -> Marker:
    """The first line of the review's comment."""
    return Marker(report_id=review.report_id, run=review.run, attempt=review.attempt, head=review.pull_request.head)


def post_comment(forge: Forge, posting: Posting, thread: Thread | None = None) -> Posted:
    """Look, do one step, look again, until exactly one comment says what it should.

    The first look may have been taken already (`thread`). What a write answers is not believed: whether it was done is
    what the next look shows. OutsideError where it does not settle, RefusedError where the token may not write.
    """
    thread, marker = thread or read_thread(forge, posting.number), posting.marker
    outcome, obstacle = Outcome.UNCHANGED, None
    for _ in range(ROUNDS):
        own = own_comments(thread.comments, author=thread.author, report_id=marker.report_id, kind=marker.kind)
        match next_step(own, marker=marker, body=posting.body):
            case Settled(comment=comment):
                return Posted(outcome=outcome, comment=comment)
            case Superseded(comment=comment):
                return Posted(outcome=Outcome.SUPERSEDED, comment=comment)
            case step:
                outcome = _outcome_of(step, outcome)
                obstacle = _try_step(forge, posting, step) or obstacle
                thread = replace(thread, comments=forge.list_comments(posting.number))
    raise OutsideError(
        f"the comment on pull request {posting.number} does not settle", hint="run it again"
    ) from obstacle


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
