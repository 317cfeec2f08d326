"""Who must approve before a version enters, and what does not count as approval."""

from typing import Any

import pytest

from mlops_kit.core.errors import ExitCode, OutsideError, RefusedError
from mlops_kit.core.forge import Permission, PersonReview, ReviewState
from mlops_kit.testing.forge import MemoryForge
from tests.unit.promotion.people import HEAD, OLDER, Team, reason_of
from tests.unit.promotion.scene import DEV, ONE, STAGING, THREE, Scene


def team(rule: str, *, run_id: int | None = None) -> Team:
    return Team(scene=Scene(config=ONE.replace("branch: dev", f"branch: dev, approval: {rule}")), run_id=run_id)


REVIEW, TWO = "{by: review}", "{by: review, count: 2}"


def test_a_reviewed_version_enters_and_the_record_says_who_approved() -> None:
    found = team(TWO)
    found.merge("dev", "a")
    found.review("bob")
    outcome = found.reconcile()
    assert outcome[0].code is ExitCode.REFUSED
    assert reason_of(outcome) == f"not approved: 1 of 2 approving reviews of {HEAD[:8]} on pull request #12"
    assert outcome[0].blocked[0].hint.startswith("somebody with write permission other than its author")
    found.review("eve", permission=Permission.ADMIN)
    found.reconcile()
    (record,) = found.scene.records()
    assert (record.approvals, record.pull_request) == (("bob", "eve"), 12)
    assert found.reconcile()[0].done == ()


@pytest.mark.parametrize(
    "review",
    [
        {"login": "Ada"},
        {"login": "renovate[bot]"},
        {"login": "bob", "permission": Permission.READ},
        {"login": "bob", "permission": Permission.NONE},
        {"login": "bob", "commit": OLDER},
        {"login": "bob", "state": ReviewState.COMMENTED},
        {"login": "bob", "state": ReviewState.CHANGES_REQUESTED},
        {"login": "bob", "state": ReviewState.DISMISSED},
    ],
)
def test_what_is_no_approval_lets_nothing_in(review: dict[str, Any]) -> None:
    found = team(REVIEW)
    found.merge("dev", "a")
    found.review(**review)
    assert reason_of(found.reconcile()).startswith("not approved: 0 of 1 approving reviews")
    assert found.scene.writes == 0


@pytest.mark.parametrize(
    ("later", "code"),
    [
        (ReviewState.COMMENTED, ExitCode.DONE),
        (ReviewState.CHANGES_REQUESTED, ExitCode.REFUSED),
        (ReviewState.DISMISSED, ExitCode.REFUSED),
    ],
)
def test_the_last_word_of_a_person_counts_and_a_comment_takes_nothing_back(later: ReviewState, code: ExitCode) -> None:
    found = team(REVIEW)
    found.merge("dev", "a")
    found.review("bob")
    found.review("BOB", later)
    assert found.reconcile()[0].code is code


def test_reviews_of_earlier_commits_count_where_the_team_says_so() -> None:
    found = team("{by: review, stale: true}")
    found.merge("dev", "a")
    found.review("bob", commit=OLDER)
    assert found.reconcile()[0].code is ExitCode.DONE


def test_a_direct_push_was_reviewed_by_nobody() -> None:
    found = team(REVIEW)
    commit = found.scene.push("dev", churn="a")
    reason = f"not approved: no merged pull request brought {commit[:8]} to dev, so nobody reviewed it"
    assert reason_of(found.reconcile()) == reason


def test_a_pull_request_into_another_branch_approves_nothing_here() -> None:
    found = team(REVIEW)
    commit = found.merge("staging", "a")
    found.review("bob")
    found.scene.git.point("dev", commit)
    assert "no merged pull request" in reason_of(found.reconcile("dev"))


class BrokenForge(MemoryForge):
    """A forge that shows no reviews."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def list_reviews(self, number: int) -> tuple[PersonReview, ...]:  # noqa: ARG002 - the port
        raise self._error


def test_where_nobody_can_look_nothing_enters_and_the_reason_says_so() -> None:
    found = team(REVIEW)
    found.forge = None
    found.merge("dev", "a")
    outcome = found.reconcile()
    assert reason_of(outcome) == "not approved: approval by review cannot be seen from here: no forge is at hand"
    assert "GITHUB_TOKEN" in outcome[0].blocked[0].hint
    found.forge = BrokenForge(RefusedError("the token may not read pull requests"))
    found.merge("dev", "b")
    assert "cannot be seen: the token may not read pull requests" in reason_of(found.reconcile())


def test_a_forge_that_gives_no_answer_leaves_it_unknown() -> None:
    found = team(REVIEW)
    found.forge = BrokenForge(OutsideError("502"))
    found.merge("dev", "a")
    outcome = found.reconcile()[0]
    assert (outcome.code, [one.reason for one in outcome.unknown]) == (ExitCode.OUTSIDE, ["502"])
    assert found.scene.writes == 0


def test_a_guarded_environment_approves_by_its_run() -> None:
    found = team("{by: environment}", run_id=7)
    found.merge("dev", "a")
    assert found.forge
    assert reason_of(found.reconcile()) == "not approved: nobody approved that run 7 deploys to dev"
    found.forge.run_approvals[7, STAGING] = ("eve",)
    found.forge.run_approvals[7, DEV] = ("deployer[bot]",)
    assert found.reconcile()[0].code is ExitCode.REFUSED
    found.forge.run_approvals[7, DEV] = ("eve",)
    found.reconcile()
    assert found.scene.records()[0].approvals == ("eve",)


def test_outside_of_a_run_no_guarded_environment_approves() -> None:
    found = team("{by: environment}")
    found.merge("dev", "a")
    assert "is given to workflow runs of dev, and this is none" in reason_of(found.reconcile())


def test_a_rollback_was_approved_when_it_entered_first() -> None:
    found = team(REVIEW)
    for letter in ("a", "b"):
        found.merge("dev", letter)
        found.review("bob")
        found.reconcile()
    found.scene.push("dev", churn="a")
    found.reconcile()
    assert found.scene.story() == "1 bootstrap a, 2 promote b, 3 rollback a"


def test_a_plan_ahead_of_the_merge_does_not_ask_who_approved() -> None:
    found = team(REVIEW)
    found.forge = BrokenForge(AssertionError("asked"))
    found.scene.push("dev", churn="a")
    feature = found.scene.push("feature", churn="b")
    assert found.plan("dev", revision=feature).blocked == ()


def test_nobody_is_asked_where_something_else_holds_the_version_back() -> None:
    config = THREE.replace("after: dev}", "after: dev, approval: {by: review}}")
    found = Team(scene=Scene(config=config), forge=BrokenForge(AssertionError("asked")))
    found.merge("staging", "a")
    assert reason_of(found.reconcile("staging")).startswith("skipped dev")
