"""Who approved that a version enters an environment, and whether that is enough."""

from collections.abc import Iterable
from dataclasses import dataclass

from mlops_kit.core.config import ApprovalPolicy
from mlops_kit.core.forge import PersonReview, PullRequest, ReviewState

BOT_ENDING = "[bot]"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who approved, by login. `missing` says what is not there yet, empty where it suffices; `hint` the next step."""

    people: tuple[str, ...] = ()
    missing: str = ""
    hint: str = ""


def find_approvers(reviews: Iterable[PersonReview], merged: PullRequest, policy: ApprovalPolicy) -> tuple[str, ...]:
    """Those whose last word is an approval that counts: of the merged head, not the author's own, not a bot's.

    A comment takes nothing back; a wish for changes and a dismissal do. Permissions are not looked at.
    """
    last: dict[str, PersonReview] = {}
    for review in reviews:
        if review.state is not ReviewState.COMMENTED:
            last[review.author.casefold()] = review
    return tuple(
        review.author
        for login, review in sorted(last.items())
        if review.state is ReviewState.APPROVED
        and login not in {"", merged.author.casefold()}
        and not is_bot(login)
        and (policy.stale or review.commit == merged.head)
    )


def is_bot(login: str) -> bool:
    """Whether a login is a program's."""
    return login.endswith(BOT_ENDING)


def judge_reviews(people: Iterable[str], merged: PullRequest, policy: ApprovalPolicy) -> Approval:
    """Whether so many people, who may write, are enough for what was merged."""
    found = tuple(people)
    if len(found) >= policy.count:
        return Approval(people=found)
    stale = "" if policy.stale else f" of {merged.head[:8]}"
    return Approval(
        people=found,
        missing=f"{len(found)} of {policy.count} approving reviews{stale} on pull request #{merged.number}",
        hint="somebody with write permission other than its author approves it; a later reconcile promotes by itself",
    )
