"""Which way is better, guessed from a metric's name: the names that teams write, one line each."""

import re
from pathlib import Path

import pytest

from mlops_kit.core.config import Config, Goal, MetricPolicy
from mlops_kit.core.review import directions
from mlops_kit.core.review.directions import assume_goal
from mlops_kit.core.review.metrics import MetricFile, Trend, compare_metrics

PAGE = Path(__file__).parents[3] / "docs" / "report.md"
DOWN = """loss val_loss valLoss loss.mean total_loss log_loss RMSE rmse_mean error_rate test.mape latency_ms model_size
    train.time brier_score false_positive_rate eval.cross_entropy max_error ppl p95.latency"""
UP = """acc accuracy.macro test.f1 f1-score F1Score recall@10 precision_at_5 top_5_accuracy r2_score R2 ROC_AUC mAP
    map50 ndcg score r_squared"""
NONE = """loss_std loss.count loss_weight batch_size test_size accuracy_loss accuracy.gap x 0 epoch lossless
    accuracies rate"""


@pytest.mark.parametrize("key", DOWN.split())
def test_of_these_less_is_better(key: str) -> None:
    assert assume_goal(key) is Goal.MINIMIZE


@pytest.mark.parametrize("key", UP.split())
def test_of_these_more_is_better(key: str) -> None:
    assert assume_goal(key) is Goal.MAXIMIZE


@pytest.mark.parametrize("key", ["", ".", *NONE.split()])
def test_of_these_nobody_can_say(key: str) -> None:
    assert assume_goal(key) is None


def test_a_row_says_that_its_goal_is_assumed_and_a_written_goal_wins() -> None:
    base = (MetricFile(path="m.json", values={"loss": 1.0, "acc": 1.0, "x": 1.0}),)
    head = (MetricFile(path="m.json", values={"loss": 2.0, "acc": 2.0, "x": 2.0}),)
    config = Config(version=1, metrics={"acc": MetricPolicy(goal=Goal.MINIMIZE)})
    assert [(row.key, row.goal, row.assumed, row.trend) for row in compare_metrics(base, head, config)] == [
        ("acc", "minimize", False, Trend.WORSE),
        ("loss", "minimize", True, Trend.WORSE),
        ("x", "", False, Trend.CHANGED),
    ]


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("less is better", directions.DOWN | directions.DOWN_PHRASES),
        ("more is better", directions.UP | directions.UP_PHRASES),
        ("no guess beside", directions.NEITHER),
        ("passed over", directions.STATISTICS),
    ],
)
def test_the_documentation_lists_the_words_and_no_others(heading: str, words: frozenset[str]) -> None:
    (cells,) = re.findall(rf"^\| {heading} \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", cells)) == words
