"""What drift says of made-up data, kind by kind, and of all columns together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config import Correction, DriftPolicy, Thresholds
from mlops_kit.core.drift.judge import correct_chances, judge_drift
from mlops_kit.core.drift.kinds import ColumnKind, column_kind
from mlops_kit.core.drift.measuring import Check
from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, Family
from mlops_kit.core.drift.report import ColumnRow, DriftReport, drift_json, parse_drift
from mlops_kit.core.drift.schema import Rule, Violation
from mlops_kit.core.errors import InvalidInputError
from tests.unit.drift.columns import numbers, shares, table, words

NOW = datetime(2026, 5, 1, tzinfo=UTC)
RANDOM = np.random.default_rng(11)
CALM = RANDOM.normal(10, 3, 2000)


def judge(old: DataProfile, new: DataProfile, **policy: object) -> DriftReport:
    return judge_drift(old, new, DriftPolicy.model_validate({"min-rows": 500, **policy}), now=NOW)


def row(old: ColumnProfile, new: ColumnProfile, **policy: object) -> ColumnRow:
    (found,) = judge(table(old), table(new), **policy).columns
    return found


def answers(report: DriftReport) -> dict[str, str]:
    return {found.name: found.answer.value for found in report.columns}


@pytest.mark.parametrize(
    ("shift", "answer"),
    [(0.0, "ok"), (0.15, "warn"), (0.5, "fail")],
)
def test_numbers_warn_and_fail_by_how_far_they_moved(shift: float, answer: str) -> None:
    found = row(numbers("x", CALM), numbers("x", CALM + shift * CALM.std()))
    assert (found.kind, found.answer) == ("numeric", answer)
    assert found.checks[0].effect == pytest.approx(shift, abs=1e-3)


def test_a_large_difference_that_chance_explains_is_no_alarm() -> None:
    found = row(numbers("x", CALM[:600]), numbers("x", CALM[600:1200]), numeric={"warn": 0.001, "fail": 0.002})
    assert found.checks[0].effect is not None
    assert found.checks[0].effect > 0.002
    assert found.answer == "ok"


def test_a_sure_difference_that_is_small_is_no_alarm() -> None:
    old = RANDOM.normal(size=50_000)
    found = row(numbers("x", old), numbers("x", old + 0.05))
    assert found.checks[0].p_value is not None
    assert found.checks[0].p_value < 1e-6
    assert found.answer == "ok"


@pytest.mark.parametrize("rows", [0, 1, 100, 499])
def test_too_few_rows_conclude_nothing(rows: int) -> None:
    report = judge(table(numbers("x", CALM)), table(numbers("x", CALM[:rows] + 50)))
    assert answers(report) == {"x": "inconclusive"}
    assert (report.verdict, report.drifted) == ("inconclusive", False)
    assert f"{rows} rows of current have a value, 500 are needed" in report.message


def test_categories_move_by_the_share_of_one_value() -> None:
    old = shares("c", 2000, a=0.5, b=0.3, c=0.2)
    assert row(old, shares("c", 2000, a=0.48, b=0.31, c=0.21)).answer == "ok"
    assert row(old, shares("c", 2000, a=0.43, b=0.37, c=0.2)).answer == "warn"
    assert row(old, shares("c", 2000, a=0.3, b=0.5, c=0.2)).answer == "fail"


def test_a_new_category_is_an_alarm_of_its_own() -> None:
    found = row(shares("c", 2000, a=0.5, b=0.5), shares("c", 2000, a=0.49, b=0.49, z=0.02))
    told = {check.check: check.answer for check in found.checks}
    assert told[Check.DISTRIBUTION] == "ok"
    assert told[Check.NEW_VALUES] == "warn"
    assert found.answer == "warn"


def test_a_column_of_many_values_is_judged_by_the_frequent_ones_and_needs_twice_the_rows() -> None:
    cities = [f"city{number}" for number in range(300)]
    weights = 1 / np.arange(1, 301)
    old = RANDOM.choice(cities, 4000, p=weights / weights.sum())
    same = RANDOM.choice(cities, 4000, p=weights / weights.sum())
    moved = RANDOM.choice(cities, 4000, p=weights[::-1] / weights.sum())
    assert row(words("c", old), words("c", same)).answer == "ok"
    assert row(words("c", old), words("c", moved)).answer == "fail"
    assert row(words("c", old), words("c", moved[:900])).answer == "inconclusive"


def test_values_that_took_the_place_of_known_ones_are_noticed_where_not_all_are_known() -> None:
    users = RANDOM.integers(0, 1500, (2, 8000))
    old, same, moved = (words("c", [f"u{user}" for user in column], kept=1200) for column in (*users, users[1] + 1500))
    assert row(old, same).answer == "ok"
    found = row(old, moved)
    assert found.answer == "fail"
    assert {check.check: check.answer for check in found.checks}[Check.NEW_VALUES] == "fail"


def test_missing_values_warn_and_fail_by_the_change_of_their_share() -> None:
    old = numbers("x", CALM)
    assert row(old, numbers("x", CALM[:1960], missing=40)).answer == "ok"
    assert row(old, numbers("x", CALM[:1860], missing=140)).answer == "warn"
    assert row(old, numbers("x", CALM[:1500], missing=500)).answer == "fail"
    assert row(numbers("x", CALM[:1500], missing=500), old).answer == "fail"


def test_a_column_that_lost_all_values_fails() -> None:
    found = row(numbers("x", CALM), words("x", [], missing=2000))
    assert found.answer == "fail"
    assert "missing values 1" in found.message


def test_infinite_values_are_a_warning() -> None:
    found = row(numbers("x", CALM), numbers("x", CALM, infinite=3))
    assert (found.answer, found.checks[-1].check) == ("warn", Check.INFINITE)


def moments(latest: datetime | None) -> ColumnProfile:
    return ColumnProfile(name="t", type="TIMESTAMP", family=Family.MOMENT, rows=900, distinct=900, latest=latest)


@pytest.mark.parametrize(
    ("latest", "answer"),
    [
        (NOW - timedelta(days=1), "ok"),
        (NOW - timedelta(days=9), "fail"),
        ((NOW - timedelta(days=9)).replace(tzinfo=None), "fail"),
        (None, "inconclusive"),
    ],
)
def test_dates_are_judged_by_their_freshness(latest: datetime | None, answer: str) -> None:
    found = row(moments(NOW), moments(latest), freshness={"t": "7d"})
    assert (found.kind, found.answer) == ("datetime", answer)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (numbers("x", list(range(10)) * 90), ColumnKind.CATEGORICAL),
        (numbers("x", CALM), ColumnKind.NUMERIC),
        (numbers("x", range(2000)), ColumnKind.IDENTIFIER),
        (numbers("x", RANDOM.integers(0, 2000, 2000).astype(float)), ColumnKind.NUMERIC),
        (words("x", ["a", "b"] * 300), ColumnKind.CATEGORICAL),
        (words("x", [f"u{number}" for number in range(1000)]), ColumnKind.IDENTIFIER),
        (words("x", [f"u{number % 200}" for number in range(1000)]), ColumnKind.HIGH_CARDINALITY),
        (words("x", [f"{'words and ' * 9}{number}" for number in range(1000)]), ColumnKind.TEXT),
        (words("x", [], missing=10), ColumnKind.EMPTY),
    ],
)
def test_the_reference_says_how_a_column_is_judged(column: ColumnProfile, kind: ColumnKind) -> None:
    assert column_kind(column) is kind


def test_what_is_not_judged_is_skipped_and_never_ok() -> None:
    text = words("x", [f"{'words and ' * 9}{number}" for number in range(1000)])
    empty = words("y", [], missing=1000)
    report = judge(table(text, empty), table(text, empty))
    assert answers(report)["y"] == "skipped"
    assert judge(table(empty), table(empty)).verdict == "inconclusive"


def sentences(topic: str, count: int = 1200) -> ColumnProfile:
    words_of = {"bank": "account money loan rate card", "sea": "boat wave wind harbour sail"}[topic].split()
    picked = RANDOM.choice([*words_of, "the", "and", "with", "today", "again"], (count, 12))
    return words("x", [" ".join([*line, str(number)]) for number, line in enumerate(picked)])


def test_free_text_is_judged_by_a_classifier_where_that_is_wanted() -> None:
    assert row(sentences("bank"), sentences("sea")).checks[0].check is Check.MISSING
    assert row(sentences("bank"), sentences("bank"), text=True).answer == "ok"
    found = row(sentences("bank"), sentences("sea"), text=True)
    assert (found.kind, found.answer, found.checks[0].check) == ("text", "fail", Check.TEXT)
    assert row(sentences("bank"), sentences("sea", 700), text=True).answer == "inconclusive"


def columns(count: int, failing: int) -> tuple[DataProfile, DataProfile]:
    old = [numbers(f"x{number:02}", CALM) for number in range(count)]
    new = [numbers(f"x{number:02}", CALM + (20 if number < failing else 0)) for number in range(count)]
    return table(*old), table(*new)


@pytest.mark.parametrize(
    ("failing", "verdict", "drifted"),
    [(0, "ok", False), (1, "ok", False), (2, "warn", False), (5, "warn", False), (6, "fail", True), (20, "fail", True)],
)
def test_the_share_of_failed_columns_decides(failing: int, verdict: str, drifted: bool) -> None:  # noqa: FBT001 - a row of the table
    report = judge(*columns(20, failing))
    assert (report.verdict, report.drifted) == (verdict, drifted)


def test_one_column_that_matters_is_a_warning_and_a_drifted_prediction_is_drift() -> None:
    old, new = columns(20, 1)
    assert judge(old, new, important=["x00"]).verdict == "warn"
    assert judge(old, new, target="x00").verdict == "warn"
    predicted = judge(old, new, prediction="x00")
    assert (predicted.verdict, predicted.drifted) == ("fail", True)
    assert judge(old, new, ignore=["x0*"]).verdict == "ok"


def test_columns_that_are_gone_or_of_another_type_are_broken_data_and_no_reason_to_train() -> None:
    old = table(numbers("a", CALM), numbers("b", CALM))
    report = judge(old, table(words("a", ["n/a"] * 2000), numbers("c", CALM)))
    assert (report.verdict, report.drifted) == ("fail", False)
    assert [(one.column, one.rule) for one in report.violations] == [("a", "type"), ("b", "required")]
    assert report.notes == ("new columns, not judged: c",)


def test_violations_block_even_where_all_columns_drifted() -> None:
    old, new = columns(4, 4)
    broken = Violation(column="x00", rule=Rule.MAX, expected="at most 3", rows=12, examples=("20",))
    report = judge_drift(old, new, DriftPolicy(), now=NOW, violations=[broken])
    assert (report.verdict, report.drifted) == ("fail", False)
    assert "column x00 must be at most 3: 12 rows, such as '20'" in report.message


def test_another_delimiter_is_noticed() -> None:
    old = table(numbers("a", CALM))
    assert judge(old, table(numbers("a", CALM), delimiter=";")).notes == ("the delimiter changed from ',' to ';'",)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_correction_never_makes_a_chance_smaller_and_fdr_is_the_milder_one(chances: Sequence[float]) -> None:
    raw = {(f"x{number}", Check.DISTRIBUTION): chance for number, chance in enumerate(chances)}
    strict, mild = (correct_chances(raw, way) for way in (Correction.BONFERRONI, Correction.FDR))
    for key, chance in raw.items():
        assert chance - 1e-12 <= mild[key] <= strict[key] + 1e-12 <= 1 + 1e-12


def test_fdr_is_benjamini_and_hochbergs() -> None:
    from scipy.stats import false_discovery_control

    raw = {(f"x{number}", Check.MISSING): chance for number, chance in enumerate([0.01, 0.04, 0.03, 0.2, 0.005])}
    found = correct_chances(raw, Correction.FDR)
    assert [found[key] for key in raw] == pytest.approx(list(false_discovery_control(list(raw.values()))))


def test_a_report_survives_its_document() -> None:
    report = judge(*columns(6, 3))
    assert parse_drift(drift_json(report).encode(), file="drift.json") == report


@pytest.mark.parametrize(
    "spoiled",
    [b"", b"[]", b'{"verdict": "fine"}', b'{"schema_version": 2}', b"\xff\xfe"],
)
def test_a_document_of_a_stranger_is_refused_by_name(spoiled: bytes) -> None:
    with pytest.raises(InvalidInputError, match=r"drift\.json"):
        parse_drift(spoiled, file="drift.json")


def test_thresholds_must_rise() -> None:
    with pytest.raises(ValueError, match="fail 1 is below warn 2"):
        Thresholds(warn=2, fail=1)
