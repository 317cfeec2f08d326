"""The log as history: periods, moments, sentences, a table."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlops_kit.core.errors import InputError
from mlops_kit.core.promotion.periods import Period, live_at, parse_moment, split_periods
from mlops_kit.core.render.promotion_history import render_history, render_history_markdown
from mlops_kit.core.render.promotion_history_data import COLUMNS, history_csv, history_json
from mlops_kit.core.types import CommitSha, ModelName, Note, NoteKind, PromotionKind, PromotionRecord
from tests.unit.promotion.scene import CHURN, DEV, PRODUCTION, digest_of

COMMIT = CommitSha("c" * 40)
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def record(seq: int, letter: str = "a", *, hours: int | None = None, previous: str = "") -> PromotionRecord:
    return PromotionRecord(
        model=CHURN,
        environment=PRODUCTION,
        seq=seq,
        digest=digest_of(letter),
        sha256="a" * 64,
        recipe="",
        previous=digest_of(previous) if previous else None,
        kind=PromotionKind.PROMOTE if previous else PromotionKind.BOOTSTRAP,
        commit=COMMIT,
        actor="ada",
        recorded_at=START + timedelta(hours=seq if hours is None else hours),
    )


def note(seq: int, kind: NoteKind, *, on: int, reason: str = "") -> Note:
    return Note(
        model=CHURN,
        environment=PRODUCTION,
        seq=seq,
        kind=kind,
        commit=COMMIT,
        record=on,
        reason=reason,
        actor="eve",
        recorded_at=START + timedelta(hours=on, minutes=10 * seq),
    )


def story() -> tuple[Period, ...]:
    """Held before anything, promoted, aborted, held and released, promoted again."""
    hotfix = replace(
        record(2, "b", previous="a"),
        kind=PromotionKind.HOTFIX,
        pull_request=7,
        approvals=("bob", "eve"),
        reason="it paid everybody twice.",
    )
    notes = (
        note(1, NoteKind.HOLD, on=0, reason="audit"),
        note(2, NoteKind.RELEASE, on=1),
        note(3, NoteKind.ABORTED, on=1, reason="5 of 20 smoke tests failed"),
        note(4, NoteKind.RETRY, on=2),
    )
    return split_periods((record(1), hotfix), notes)


def test_the_story_is_told_in_its_order() -> None:
    a, b = digest_of("a").short, digest_of("b").short
    assert render_history(story()).splitlines() == [
        "  churn was held in production on 2026-11-01 12:10 UTC by eve: audit.",
        (
            f"#1 churn md5:{a} entered production as its first version on 2026-11-01 13:00 UTC by ada, promoted from "
            "commit cccccccc. It was live until 2026-11-01 14:00 UTC."
        ),
        "  churn was released in production on 2026-11-01 13:20 UTC by eve.",
        (
            "  the roll-out of churn in production was aborted on 2026-11-01 13:30 UTC by eve: "
            "5 of 20 smoke tests failed."
        ),
        (
            f"#2 churn md5:{b} entered production as a hotfix on 2026-11-01 14:00 UTC by ada, promoted from commit "
            f"cccccccc (pull request #7), replacing md5:{a}, approved by bob, eve, because: it paid everybody twice. "
            "It is live."
        ),
        "  the aborted roll-out of churn in production was allowed again on 2026-11-01 14:40 UTC by eve.",
    ]


def test_each_record_of_a_model_and_environment_ends_where_the_next_begins() -> None:
    other = replace(record(1), model=ModelName("price"))
    dev = replace(record(1), environment=DEV)
    periods = split_periods((record(2, "b"), other, record(1), dev))
    assert [(period.model, period.environment, period.until is None) for period in periods] == [
        ("churn", "dev", True),
        ("churn", "production", False),
        ("churn", "production", True),
        ("price", "production", True),
    ]


@pytest.mark.parametrize(("minutes", "live"), [(-1, []), (59, []), (60, [1]), (119, [1]), (120, [2]), (6000, [3])])
def test_what_was_live_then(minutes: int, live: list[int]) -> None:
    periods = split_periods([record(1), record(2, "b"), record(3, "c")])
    found = live_at(periods, START + timedelta(minutes=minutes))
    assert [period.record.seq for period in found if period.record] == live


def test_numbers_decide_where_clocks_differ() -> None:
    periods = split_periods([record(1, hours=5), record(2, "b", hours=3)])
    (found,) = live_at(periods, START + timedelta(hours=6))
    assert found.record is not None
    assert found.record.seq == 2


def test_what_was_noted_later_is_not_told_as_of_a_moment() -> None:
    moment = START + timedelta(hours=1, minutes=25)
    lines = render_history(live_at(story(), moment), moment).splitlines()
    assert lines[0] == "As of 2026-11-01 13:25:00 UTC this was live:"
    assert [line.partition(" in production")[0] for line in lines[2:]] == ["  churn was released"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, 23, 59, 59, 999999, UTC)),
        ("2026-11-01T12:00Z", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        ("2026-11-01 12:00:30+02:00", datetime(2026, 11, 1, 10, 0, 30, tzinfo=UTC)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert parse_moment(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-01T12:00", "in which time zone"),
        ("2026-02-30", "is no date: day"),
        ("2026-11-01T25:00Z", "is no date: hour"),
        ("2026-W01-1", "is no date"),
        ("yesterday", "is no date"),
        ("", "is no date"),
        ("0001-01-01T00:00+14:00", "is no date"),
        ("\uff12\uff10\uff12\uff16-11-01", "is no date"),
    ],
)
def test_what_is_no_moment_says_why(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_moment(text)


def test_the_table_is_rfc_4180_with_a_header_and_a_row_for_each_entry() -> None:
    text = history_csv(story())
    assert text.count("\r\n") == text.count("\n") == 7
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["kind"], row["seq"], row["until"]) for row in rows] == [
        ("hold", "0", ""),
        ("bootstrap", "1", "2026-11-01T14:00:00+00:00"),
        ("release", "1", ""),
        ("aborted", "1", ""),
        ("hotfix", "2", ""),
        ("retry", "2", ""),
    ]
    assert rows[4]["approvals"] == "bob, eve"
    assert history_csv(()) == f"{','.join(COLUMNS)}\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t=", "\r@"])
def test_no_cell_of_the_table_is_a_formula(start: str) -> None:
    hostile = f'{start}HYPERLINK("http://x",1)\x1b[2J'
    entry = replace(record(1), model=ModelName(hostile), actor=hostile, reason=hostile)
    (row,) = csv.reader(io.StringIO(history_csv(split_periods([entry])).partition("\r\n")[2]))
    assert not [cell for cell in row if cell.lstrip()[:1] in "=+-@" and cell]
    assert not [cell for cell in row if not cell.isprintable()]


def test_a_hostile_name_obeys_no_terminal_and_breaks_no_line() -> None:
    entry = replace(record(1), model=ModelName("a\x1b[31m\nb\u202e"), actor="x\r\ny", reason="\x07")
    periods = split_periods([entry], [replace(note(1, NoteKind.HOLD, on=1, reason="\x1b]0;t\x07"), model=entry.model)])
    for text in (render_history(periods), render_history_markdown(periods)):
        assert all(line.isprintable() for line in text.split("\n"))
        assert len(text.split("\n")) == 2


def test_the_document_has_both_kinds_of_entries_and_the_moment() -> None:
    moment = START + timedelta(hours=3)
    document = json.loads(history_json(live_at(story(), moment), moment))
    assert document["as_of"] == "2026-11-01T15:00:00+00:00"
    assert [(entry["seq"], entry["until"]) for entry in document["records"]] == [(2, None)]
    assert [entry["kind"] for entry in document["notes"]] == ["retry"]
    assert json.loads(history_json(story()))["as_of"] is None


def test_markdown_says_when_nothing_was_live() -> None:
    assert "nothing was live" in render_history_markdown((), START)
    assert render_history_markdown(live_at(story(), START + timedelta(hours=9)), START).count("\n- ") == 2
