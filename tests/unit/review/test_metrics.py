"""How a metric moved: old value, new value, goal, noise, and the word for it."""

import json
import math

import pytest

from mlops_kit.core.config import Config, Goal, MetricPolicy
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.metrics import MetricFile, MetricRow, Trend, compare_metrics

UP, DOWN = Goal.MAXIMIZE, Goal.MINIMIZE


def compare(old: Value, new: Value, goal: Goal | None = None, noise: float = 0.0) -> MetricRow:
    config = Config(version=1, metrics={"x": MetricPolicy(goal=goal, noise=noise)})
    base, head = (
        (MetricFile(path="m.json", values={"x": value}),) if value is not None else () for value in (old, new)
    )
    (row,) = compare_metrics(base, head, config)
    return row


@pytest.mark.parametrize(
    ("old", "new", "goal", "noise", "trend"),
    [
        (1.0, 2.0, UP, 0, Trend.BETTER),
        (2.0, 1.0, UP, 0, Trend.WORSE),
        (2.0, 1.0, DOWN, 0, Trend.BETTER),
        (1.0, 2.0, DOWN, 0, Trend.WORSE),
        (1.0, 2.0, None, 0, Trend.CHANGED),
        (0.9, 0.902, UP, 0.002, Trend.CHANGED),
        (0.9, 0.9021, UP, 0.002, Trend.BETTER),
        (1, 1.0, UP, 0, Trend.SAME),
        ("a", "a", None, 0, Trend.SAME),
        ("a", "b", None, 0, Trend.CHANGED),
        (None, 1.0, UP, 0, Trend.NEW),
        (1.0, None, UP, 0, Trend.REMOVED),
        (1, True, UP, 0, Trend.TYPE_CHANGED),
        (0.01, "0.01", UP, 0, Trend.TYPE_CHANGED),
        (0.5, math.nan, UP, 0, Trend.NON_FINITE),
        (math.nan, 0.5, UP, 0, Trend.NON_FINITE),
        (None, math.inf, UP, 0, Trend.NON_FINITE),
    ],
)
def test_a_movement_has_one_word(old: Value, new: Value, goal: Goal | None, noise: float, trend: Trend) -> None:
    assert compare(old, new, goal, noise).trend is trend


def test_what_is_not_finite_crosses_as_text() -> None:
    row = compare(math.nan, -math.inf)
    assert (row.old, row.new, row.diff) == ("NaN", "-Infinity", None)


def test_whole_numbers_stay_exact() -> None:
    assert compare(9007199254740993, 9007199254740995).diff == 2


def test_booleans_have_no_difference() -> None:
    yes, no = (json.loads(text) for text in ("true", "false"))
    row = compare(yes, no)
    assert (row.diff, row.trend) == (None, Trend.CHANGED)


def test_what_an_unreadable_file_lacks_is_not_removed() -> None:
    base = (MetricFile(path="m.json", values={"x": 1.0}),)
    head = (MetricFile(path="m.json", error="conflict"),)
    (row,) = compare_metrics(base, head, Config(version=1))
    assert row.trend is Trend.UNREADABLE


def test_rows_are_sorted_and_the_same_key_in_two_files_is_two_rows() -> None:
    files = (MetricFile(path="b.json", values={"x": 1}), MetricFile(path="a.json", values={"y": 1, "x": 2}))
    rows = compare_metrics(files, files, Config(version=1))
    assert [(row.path, row.key) for row in rows] == [("a.json", "x"), ("a.json", "y"), ("b.json", "x")]


def test_an_unreadable_file_is_never_left_out() -> None:
    (row,) = compare_metrics((), (MetricFile(path="m.json", error="truncated"),), Config(version=1))
    assert (row.path, row.key, row.old, row.new, row.trend) == ("m.json", "", None, None, Trend.UNREADABLE)
