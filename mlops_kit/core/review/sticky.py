"""The one comment that a report keeps on its pull request: how it is recognised, and which run may write it.

A comment is the kit's own where the token's own account wrote it and its first line is the marker; a marker quoted by
somebody else, or further down, means nothing. Values only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.errors import InputError
from mlops_kit.core.forge import Comment
from mlops_kit.core.types import CommitSha

DEFAULT_REPORT_ID = "report"

_REPORT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MARKER = re.compile(
    r"<!-- mlops-kit:(?P<kind>report|live):v1 id=(?P<id>[a-z0-9-]{1,32}) run=(?P<run>\d{1,20})"
    r" attempt=(?P<attempt>\d{1,6}) head=(?P<head>[0-9a-f]{40}) -->"
)


class Gap(StrEnum):
    """Why there is no report to post; the words are those of a workflow's `needs.<job>.result`."""

    FAILURE = "failure"
    CANCELLED = "cancelled"


class MarkerKind(StrEnum):
    """What a comment of the kit's is about: a report, or where versions are live."""

    REPORT = "report"
    LIVE = "live"


@dataclass(frozen=True, kw_only=True)
class Marker:
    """The first line of a comment: which report it holds, written by which run, for which commit.

    `run` and `attempt` order the runs of a workflow; run 0 was no workflow's and has no place in that order.
    """

    report_id: str
    run: int
    attempt: int
    head: CommitSha
    kind: MarkerKind = MarkerKind.REPORT

    def __str__(self) -> str:
        """The marker as an HTML comment, which GitHub does not show."""
        about = f"id={self.report_id} run={self.run} attempt={self.attempt} head={self.head}"
        return f"<!-- mlops-kit:{self.kind}:v1 {about} -->"

    def is_older_than(self, other: "Marker") -> bool:
        """Whether the other run began later."""
        return self.run > 0 and (self.run, self.attempt) < (other.run, other.attempt)


@dataclass(frozen=True, kw_only=True)
class Create:
    """There is no comment yet: add one."""


@dataclass(frozen=True, kw_only=True)
class Remove:
    """Two runs were first at once: all but the lowest comment go."""

    extras: tuple[Comment, ...]


@dataclass(frozen=True, kw_only=True)
class Update:
    """The comment says something else: replace its text."""

    comment: Comment


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Nothing is left to do: there is one comment and it says what it should."""

    comment: Comment


@dataclass(frozen=True, kw_only=True)
class Superseded:
    """A run that began later has written already: leave its text alone."""

    comment: Comment


Step = Create | Remove | Update | Settled | Superseded


def next_step(own: tuple[tuple[Comment, Marker], ...], *, marker: Marker, body: str) -> Step:
    """What brings the pull request nearer to one comment with this body; of several the lowest stays.

    A run that is superseded still removes older extras, its own among them, but never the newer run's text.
    """
    if not own:
        return Create()
    newest, written = max(own, key=lambda entry: (entry[1].run, entry[1].attempt))
    superseded = marker.is_older_than(written)
    extras = tuple(comment for comment, of in own[1:] if not superseded or of.is_older_than(written))
    if extras:
        return Remove(extras=extras)
    if superseded:
        return Superseded(comment=newest)
    comment = own[0][0]
    return Settled(comment=comment) if comment.body == body else Update(comment=comment)


def parse_marker(body: str) -> Marker | None:
    """The marker at the very start of a comment, None where there is none."""
    found = _MARKER.match(body)
    if not found:
        return None
    return Marker(
        report_id=found["id"],
        run=int(found["run"]),
        attempt=int(found["attempt"]),
        head=CommitSha(found["head"]),
        kind=MarkerKind(found["kind"]),
    )


def own_comments(
    comments: Iterable[Comment], *, author: str, report_id: str, kind: MarkerKind = MarkerKind.REPORT
) -> tuple[tuple[Comment, Marker], ...]:
    """The comments of one report that the author wrote, the lowest id first, each with its marker."""
    marked = ((comment, parse_marker(comment.body)) for comment in sorted(comments) if comment.author == author)
    own = ((comment, marker) for comment, marker in marked if marker and marker.kind is kind)
    return tuple((comment, marker) for comment, marker in own if marker.report_id == report_id)


def check_report_id(report_id: str) -> str:
    """The id as given; InputError where it has other than lower-case letters, digits and dashes."""
    if not _REPORT_ID.fullmatch(report_id):
        raise InputError(
            f"{report_id!r} cannot be the id of a report",
            hint="use up to 32 lower-case letters, digits and dashes",
        )
    return report_id
