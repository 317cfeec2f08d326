"""Posts a report on its pull request: one comment, kept up to date, and one check of the commit."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from mlops_kit.core.errors import ConflictError, OutsideError, PassingError
from mlops_kit.core.ports import Forge
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
from mlops_kit.core.types import Comment, CommitSha, CommitStatus

ROUNDS = 8
"""How often the comments are looked at before giving up; without faults or rivals three are enough."""
STATUS_TRIES = 3


class Outcome(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"


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
    """The one comment there now is."""

    outcome: Outcome
    comment: Comment


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
