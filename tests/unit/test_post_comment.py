"""Exactly one comment, whatever the forge answers."""

from dataclasses import replace

import pytest

from mlops_kit.commands.comment import Outcome, Posted, Posting, Review, post_comment, post_review, read_thread
from mlops_kit.core.errors import ConflictError, OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import GateRow, Report, Side
from mlops_kit.core.review.sticky import Marker
from mlops_kit.core.types import Answer, CommitSha
from mlops_kit.testing.forge import MemoryForge

HEAD = CommitSha("a" * 40)


def posting(text: str, *, run: int = 1) -> Posting:
    marker = Marker(report_id="report", run=run, attempt=1, head=HEAD)
    return Posting(number=7, marker=marker, text=text)


@pytest.fixture
def forge() -> MemoryForge:
    pull_request = PullRequest(
        number=7, head=HEAD, base=CommitSha("b" * 40), head_branch="f", base_branch="main", is_fork=False
    )
    return MemoryForge([pull_request])


def texts(forge: MemoryForge) -> list[str]:
    return [comment.body.partition("\n")[2] for comment in forge.comments[7] if comment.author == forge.login]


def test_the_first_report_is_a_new_comment(forge: MemoryForge) -> None:
    posted = post_comment(forge, posting("first"))

    assert (posted.outcome, texts(forge), forge.writes) == (Outcome.CREATED, ["first"], ["create"])


def test_the_next_report_takes_the_same_place(forge: MemoryForge) -> None:
    before = post_comment(forge, posting("first", run=1))
    after = post_comment(forge, posting("second", run=2))

    assert (after.outcome, after.url, texts(forge)) == (Outcome.UPDATED, before.url, ["second"])


def test_the_same_report_writes_nothing(forge: MemoryForge) -> None:
    post_comment(forge, posting("same"))
    forge.writes.clear()

    assert post_comment(forge, posting("same")).outcome is Outcome.UNCHANGED
    assert forge.writes == []


def test_a_first_look_that_was_taken_already_is_not_taken_again(forge: MemoryForge) -> None:
    post_comment(forge, posting("same"))
    thread = read_thread(forge, 7)
    forge.comments[7].clear()

    assert post_comment(forge, posting("same"), thread).outcome is Outcome.UNCHANGED
    assert forge.comments[7] == []


def test_an_older_run_that_finishes_last_leaves_the_newer_text(forge: MemoryForge) -> None:
    post_comment(forge, posting("newer", run=2))

    assert post_comment(forge, posting("older", run=1)).outcome is Outcome.SUPERSEDED
    assert texts(forge) == ["newer"]


def test_a_created_comment_whose_answer_is_lost_is_not_created_again(forge: MemoryForge) -> None:
    forge.late_failures.append(PassingError("502"))

    assert post_comment(forge, posting("once")).outcome is Outcome.CREATED
    assert (texts(forge), forge.writes) == (["once"], ["create"])


def test_a_comment_that_was_not_created_is_tried_again(forge: MemoryForge) -> None:
    forge.failures.append(PassingError("502"))

    assert post_comment(forge, posting("once")).outcome is Outcome.CREATED
    assert texts(forge) == ["once"]


def test_a_comment_deleted_meanwhile_is_made_anew(forge: MemoryForge) -> None:
    post_comment(forge, posting("first", run=1))
    forge.failures.append(ConflictError("gone"))
    forge.comments[7].clear()

    post_comment(forge, posting("second", run=2))

    assert texts(forge) == ["second"]


def test_own_extras_go_and_strangers_stay(forge: MemoryForge) -> None:
    body = posting("old", run=1).body
    forge.add_comment(7, body, author="mallory")
    forge.add_comment(7, body, author=forge.login)
    forge.add_comment(7, body, author=forge.login)

    posted = post_comment(forge, posting("new", run=2))

    assert posted.url == "https://forge.test/pull/7#issuecomment-2"
    assert [(comment.id, comment.author) for comment in forge.comments[7]] == [(1, "mallory"), (2, forge.login)]
    assert (texts(forge), forge.comments[7][0].body) == (["new"], body)


def test_a_forge_that_never_settles_is_an_outside_error(forge: MemoryForge) -> None:
    forge.failures.extend(PassingError("502") for _ in range(50))

    with pytest.raises(OutsideError, match="does not settle"):
        post_comment(forge, posting("text"))


def test_a_missing_permission_is_said_at_once(forge: MemoryForge) -> None:
    forge.failures.append(RefusedError("403"))

    with pytest.raises(RefusedError):
        post_comment(forge, posting("text"))
    assert forge.writes == []


def review(forge: MemoryForge) -> Review:
    gate = GateRow(environment="dev", metric="accuracy", rule="accuracy min 1", answer=Answer.PASS, message="")
    report = Report(
        base=Side(name="main", commit="b" * 40),
        head=Side(name="feature", commit=HEAD),
        environment="dev",
        verdict=Verdict.PASS,
        gates=(gate,),
    )
    return Review(report=report, pull_request=forge.pull_requests[7], report_id="report", run=5, attempt=1)


@pytest.mark.parametrize("reason", ["fork", "locked"])
def test_where_github_lets_nobody_comment_the_report_is_on_the_summary_page(forge: MemoryForge, reason: str) -> None:
    forge.pull_requests[7] = replace(forge.pull_requests[7], is_fork=reason == "fork", is_locked=reason == "locked")
    forge.failures.append(RefusedError("403"))

    assert post_review(forge, review(forge), Occasion()) == Posted(outcome=Outcome.SUMMARY_ONLY, obstacle="403")


def test_elsewhere_a_missing_permission_is_an_error(forge: MemoryForge) -> None:
    forge.failures.append(RefusedError("403"))

    with pytest.raises(RefusedError):
        post_review(forge, review(forge), Occasion())
