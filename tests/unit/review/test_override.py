"""What a comment must say to accept a commit, and what can be accepted at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.forge import Comment
from mlops_kit.core.review.changes import StageRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.override import (
    CLAIMANT_LIMIT,
    Claim,
    can_be_overridden,
    claims_for,
    override_command,
    parse_claim,
)
from mlops_kit.core.review.report import BlockRow, PlanRows, Report, Side
from mlops_kit.core.types import CommitSha

HEAD = CommitSha("0123456789" * 4)


def comment(number: int, body: str, author: str = "ada") -> Comment:
    return Comment(id=number, author=author, body=body, url=f"https://forge.test/{number}")


def test_the_line_that_is_shown_is_the_line_that_counts() -> None:
    written = override_command(HEAD).replace("REASON", "known and wanted")

    assert parse_claim(comment(1, f"{written}\r\nmore")) == Claim(
        author="ada", commit=HEAD[:12], reason="known and wanted"
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "mlops-kit override",
        "mlops-kit override 012345678901: ",
        "mlops-kit override 01234567890: eleven digits",
        "mlops-kit override 012345678901 no colon",
        " mlops-kit override 012345678901: indented",
        "Mlops-Kit override 012345678901: x",
        "> mlops-kit override 012345678901: quoted",
        "hello\nmlops-kit override 012345678901: second line",
        "mlops-kit override 01234567890X: x",
        f"mlops-kit override {HEAD}0: 41 digits",
    ],
)
def test_another_line_claims_nothing(body: str) -> None:
    assert parse_claim(comment(1, body)) is None


def test_a_comment_without_an_account_claims_nothing() -> None:
    assert parse_claim(comment(1, f"mlops-kit override {HEAD}: x", author="")) is None


def test_claims_are_of_the_commit_the_newest_of_each_account_first() -> None:
    comments = [
        comment(1, "mlops-kit override 012345678901: first", author="ada"),
        comment(2, "mlops-kit override 012345678901: of roy", author="roy"),
        comment(3, "mlops-kit override 012345678902: of another commit", author="may"),
        comment(4, f"mlops-kit override {HEAD}: second", author="ada"),
    ]

    assert [(claim.author, claim.reason) for claim in claims_for(comments, HEAD)] == [
        ("ada", "second"),
        ("roy", "of roy"),
    ]


def test_many_accounts_are_not_all_asked_about() -> None:
    comments = [comment(number, f"mlops-kit override {HEAD}: x", author=f"u{number}") for number in range(50)]

    assert len(claims_for(comments, HEAD)) == CLAIMANT_LIMIT


@given(st.text())
def test_no_comment_breaks_the_reader(body: str) -> None:
    claim = parse_claim(comment(1, body))
    assert claim is None or len(claim.commit) >= 7


def report(verdict: Verdict, **rows: object) -> Report:
    side = Side(name="x", commit=HEAD)
    return Report(base=side, head=side, environment="dev", verdict=verdict, **rows)  # type: ignore[arg-type]


def blocked(reason: str) -> PlanRows:
    return PlanRows(blocked=(BlockRow(environment="dev", model="churn", reason=reason),))


@pytest.mark.parametrize(
    ("given_report", "accepted"),
    [
        (report(Verdict.FAIL), True),
        (report(Verdict.FAIL, plan=blocked("gate accuracy min 0.8: fail")), True),
        (report(Verdict.WARN), False),
        (report(Verdict.PASS), False),
        (report(Verdict.FAIL, stages=(StageRow(name="train", state="failed"),)), False),
        (report(Verdict.FAIL, notes=("lock inconsistent: stage train: a: b",)), False),
        (report(Verdict.FAIL, plan=blocked("lock inconsistent: train a: b")), False),
    ],
)
def test_only_what_gates_refuse_can_be_accepted(given_report: Report, *, accepted: bool) -> None:
    assert can_be_overridden(given_report) is accepted
