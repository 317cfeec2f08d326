"""Which comment is the kit's own, and what is to be done with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.errors import InputError
from mlops_kit.core.forge import Comment
from mlops_kit.core.review.sticky import (
    Create,
    Marker,
    Remove,
    Settled,
    Superseded,
    Update,
    check_report_id,
    next_step,
    own_comments,
    parse_marker,
)
from mlops_kit.core.types import CommitSha

HEAD = CommitSha("a" * 40)
KIT = "github-actions[bot]"


def marker(run: int = 5, attempt: int = 1, report_id: str = "report") -> Marker:
    return Marker(report_id=report_id, run=run, attempt=attempt, head=HEAD)


def comment(number: int, body: str, author: str = KIT) -> Comment:
    return Comment(id=number, author=author, body=body, url=f"https://forge.test/{number}")


def step(mine: Marker, *bodies: str) -> object:
    comments = [comment(number, body) for number, body in enumerate(bodies, start=1)]
    return next_step(own_comments(comments, author=KIT, report_id="report"), marker=mine, body=f"{mine}\ntext")


@given(st.integers(0, 10**19), st.integers(0, 10**5), st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True))
def test_a_marker_is_read_back_as_written(run: int, attempt: int, report_id: str) -> None:
    written = Marker(report_id=report_id, run=run, attempt=attempt, head=HEAD)

    assert parse_marker(f"{written}\nanything") == written


@pytest.mark.parametrize(
    "body",
    [
        "", "text", f" {marker()}", f"> {marker()}", f"quoted:\n{marker()}", str(marker()).replace("v1", "v2"),
        str(marker()).replace("run=5", "run=-5"), str(marker()).replace("run=5", "run=x"),
    ],
)  # fmt: skip
def test_a_marker_counts_at_the_very_start_only(body: str) -> None:
    assert parse_marker(body) is None


def test_a_strangers_marker_is_not_ours() -> None:
    comments = [comment(1, f"{marker()}\nforged", author="mallory"), comment(2, f"{marker()}\nours")]

    assert [found.id for found, _ in own_comments(comments, author=KIT, report_id="report")] == [2]


def test_another_report_is_not_ours() -> None:
    comments = [comment(1, f"{marker(report_id='nightly')}\nother")]

    assert own_comments(comments, author=KIT, report_id="report") == ()


def test_without_a_comment_one_is_created() -> None:
    assert step(marker()) == Create()


def test_the_same_text_is_left_alone() -> None:
    assert step(marker(), f"{marker()}\ntext") == Settled(comment=comment(1, f"{marker()}\ntext"))


def test_another_text_is_replaced() -> None:
    old = f"{marker(run=4)}\nold"

    assert step(marker(run=5), old) == Update(comment=comment(1, old))


def test_of_two_comments_the_lowest_stays() -> None:
    body = f"{marker()}\ntext"

    assert step(marker(), body, body, body) == Remove(extras=(comment(2, body), comment(3, body)))


@pytest.mark.parametrize(("run", "attempt"), [(6, 1), (5, 2)])
def test_a_newer_runs_text_is_left_alone(run: int, attempt: int) -> None:
    newer = f"{marker(run=run, attempt=attempt)}\nnewer"

    assert step(marker(run=5, attempt=1), newer) == Superseded(comment=comment(1, newer))


def test_a_superseded_run_removes_its_own_extra() -> None:
    newer, mine = f"{marker(run=6)}\nnewer", f"{marker(run=5)}\nmine"

    assert step(marker(run=5), newer, mine) == Remove(extras=(comment(2, mine),))


def test_a_superseded_run_leaves_the_newer_text_wherever_it_stands() -> None:
    mine, newer = f"{marker(run=5)}\nmine", f"{marker(run=6)}\nnewer"

    assert step(marker(run=5), mine, newer) == Superseded(comment=comment(2, newer))


def test_a_run_outside_a_workflow_always_writes() -> None:
    stored = f"{marker(run=9)}\nold"

    assert step(marker(run=0), stored) == Update(comment=comment(1, stored))


@pytest.mark.parametrize("report_id", ["", "A", "a b", "-a", "a" * 33, "a\n", "a-->", "ü"])
def test_an_id_that_could_break_the_marker_is_refused(report_id: str) -> None:
    with pytest.raises(InputError):
        check_report_id(report_id)
