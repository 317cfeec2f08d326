"""Accepting a commit by hand that a gate refuses: what a person writes, and what it holds for.

A label on the pull request opens the door, a comment of somebody who may write goes through it. The comment names the
commit, so that a newer push needs a newer word. Who may write is the forge's answer, never a name's or the comment's.
Values only.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_kit.core.forge import Comment
from mlops_kit.core.review.changes import failed_stages
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.report import Report
from mlops_kit.core.types import CommitSha

REASON_LIMIT = 500
CLAIMANT_LIMIT = 10
"""Accounts whose permission is asked for, the newest comment's first."""
LOCK_INCONSISTENT = "lock inconsistent"
"""How the refusal of a lock that nobody ran begins; nobody can accept it by hand."""

_FEWEST_DIGITS = 12
"""Of the commit; another commit with the same seven is made within minutes."""
_COMMAND = re.compile(rf"mlops-kit override (?P<commit>[0-9a-f]{{{_FEWEST_DIGITS},40}}): *(?P<reason>\S.*)")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Somebody says that a commit is to be accepted; whether they may say so is not known yet."""

    author: str
    commit: str
    reason: str


def parse_claim(comment: Comment) -> Claim | None:
    """What a comment claims in its first line; None where it claims nothing, or its account is gone."""
    lines = comment.body.splitlines()
    found = _COMMAND.fullmatch(lines[0].rstrip()) if lines else None
    if found is None or not comment.author:
        return None
    return Claim(author=comment.author, commit=found["commit"], reason=found["reason"][:REASON_LIMIT])


def claims_for(comments: Iterable[Comment], head: CommitSha) -> tuple[Claim, ...]:
    """The claims for a commit, the newest first, one per account."""
    claims: dict[str, Claim] = {}
    for comment in sorted(comments, reverse=True):
        claim = parse_claim(comment)
        if claim and head.startswith(claim.commit):
            claims.setdefault(claim.author, claim)
    return tuple(claims.values())[:CLAIMANT_LIMIT]


def can_be_overridden(report: Report) -> bool:
    """Whether gates alone refuse: no stage failed, and the lock is one that somebody ran."""
    return report.verdict is Verdict.FAIL and not failed_stages(report.stages) and not _says_inconsistent(report)


def override_command(head: CommitSha) -> str:
    """The line to write."""
    return f"mlops-kit override {head[:_FEWEST_DIGITS]}: REASON"


def override_hint(head: CommitSha, *, label: str) -> str:
    """How a refused commit can be accepted by hand."""
    return f"to accept it by hand, set the label {label} and comment: {override_command(head)}"


def _says_inconsistent(report: Report) -> bool:
    plan = report.plan
    reasons = (*report.notes, *(found.reason for found in (plan.blocked if plan else ())))
    return any(reason.startswith(LOCK_INCONSISTENT) for reason in reasons)
