"""What people said of a pull request or a run, as GitHub's API tells it: reviews and approvals."""

from mlops_kit.core.forge import PersonReview, ReviewState
from mlops_kit.core.review.event import Field
from mlops_kit.core.types import CommitSha, EnvironmentName

_STATES = {
    "APPROVED": ReviewState.APPROVED,
    "CHANGES_REQUESTED": ReviewState.CHANGES_REQUESTED,
    "COMMENTED": ReviewState.COMMENTED,
    "DISMISSED": ReviewState.DISMISSED,
}
_NOT_SUBMITTED = "PENDING"


def read_review(entry: Field) -> PersonReview | None:
    """A review; None for one that was not submitted yet.

    Its author is empty where the account is gone, its commit where GitHub has lost it: neither is anybody's or any.
    """
    state, user, commit = entry.at("state"), entry.at("user"), entry.at("commit_id")
    if state.text() == _NOT_SUBMITTED:
        return None
    if state.text() not in _STATES:
        raise state.error("expected a review's state")
    return PersonReview(
        author="" if user.value is None else user.at("login").text(),
        state=_STATES[state.text()],
        commit=CommitSha("") if commit.value is None else commit.commit(),
    )


def read_approver(entry: Field, environment: EnvironmentName) -> str:
    """Who approved, by one entry of a run's approvals; empty where it rejects, or is about other environments."""
    names = {found.at("name").text() for found in entry.at("environments").entries()}
    is_approval = entry.at("state").text() == "approved" and environment in names
    return entry.at("user").at("login").text() if is_approval else ""
