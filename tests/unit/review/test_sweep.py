"""The ranked table of a sweep: order, ties, what has no metric, and how it is shown."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config import Goal, default_config
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.render.sweep import render_sweep, render_sweep_markdown, sweep_json
from mlops_kit.core.review.sweep import (
    SWEEP,
    Measure,
    SweepRows,
    TrialResult,
    TrialState,
    bound_sweep,
    choose_measure,
    find_best,
    rank_trials,
)
from mlops_kit.core.sweep.trial import Param, Setting, Trial
from mlops_kit.core.types import CommitSha

UP = Measure(metric="acc", goal=Goal.MAXIMIZE)
DOWN = Measure(metric="m.json:loss", goal=Goal.MINIMIZE)
BASELINE = CommitSha("c" * 40)


def result(number: int, state: TrialState = TrialState.DONE, **metrics: Value) -> TrialResult:
    settings = (Setting(param=Param(key="lr"), value=number / 10),)
    return TrialResult(
        trial=Trial(number=number, settings=settings),
        name=f"sweep-{number}",
        state=state,
        seconds=number,
        metrics=(ValueFile(path="m.json", values=metrics),),
        message="train: exit status 1" if state is TrialState.FAILED else "",
    )


def ranked(results: Iterable[TrialResult], measure: Measure = UP) -> SweepRows:
    return rank_trials(results, measure, baseline=BASELINE)


def order(rows: SweepRows) -> str:
    return " ".join(row.name.removeprefix("sweep-") for row in rows.trials)


MIXED = (
    result(6, TrialState.INTERRUPTED),
    result(5, TrialState.FAILED),
    result(4, acc=0.5, loss=1),
    result(3, loss=3),
    result(2, acc=0.5, loss=2),
    result(1, acc=0.9, loss=4),
)


def test_the_best_is_first_and_equal_ones_are_in_the_order_of_asking() -> None:
    assert order(ranked(MIXED)) == "1 2 4 3 5 6"
    assert order(ranked(MIXED, DOWN)) == "4 2 3 1 5 6"


def test_without_a_metric_the_order_is_that_of_asking_and_none_is_the_best() -> None:
    rows = ranked(MIXED, Measure())
    assert order(rows) == "1 2 3 4 5 6"
    assert find_best(rows) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [("0.9", "not a number"), (float("nan"), "not a finite number"), (None, "acc"), (True, "not a number")],
)
def test_a_metric_that_is_no_number_ranks_nothing_and_says_why(value: Value, why: str) -> None:
    rows = ranked([result(1, acc=value)])
    assert find_best(rows) is None
    assert why in rows.trials[0].message
    SWEEP.validate_json(sweep_json(rows))


def test_a_metric_that_two_files_have_is_named_with_both() -> None:
    files = (ValueFile(path="a.json", values={"acc": 1}), ValueFile(path="b.json", values={"acc": 2}))
    both = TrialResult(trial=result(1).trial, name="sweep-1", state=TrialState.DONE, metrics=files)
    assert ranked([both]).trials[0].message == "acc is in a.json:acc, b.json:acc"
    assert find_best(ranked([both], Measure(metric="b.json:acc", goal=Goal.MAXIMIZE))) is not None


def test_a_metrics_file_that_cannot_be_read_is_the_reason() -> None:
    broken = (ValueFile(path="m.json", error="not JSON"), ValueFile(path="n.json", values={"loss": 1}))
    lost = TrialResult(trial=result(1).trial, name="sweep-1", state=TrialState.DONE, metrics=broken)
    assert ranked([lost]).trials[0].message == "m.json could not be read: not JSON"
    assert ranked([lost], Measure(metric="loss", goal=Goal.MINIMIZE)).trials[0].value == 1


@given(st.permutations(MIXED), st.sampled_from([UP, DOWN, Measure()]))
def test_the_order_in_which_trials_ended_means_nothing(results: list[TrialResult], measure: Measure) -> None:
    assert ranked(results, measure) == ranked(MIXED, measure)


def test_a_goal_comes_from_the_policy_or_the_name_and_else_is_asked_for() -> None:
    assert choose_measure("m.json:val.accuracy", default_config()).goal is Goal.MAXIMIZE
    assert choose_measure("log_loss", default_config()).goal is Goal.MINIMIZE
    with pytest.raises(InputError, match="'quality': nothing says whether more or less"):
        choose_measure("quality", default_config())


def test_the_table_shows_params_metrics_and_what_failed() -> None:
    assert render_sweep(ranked(MIXED)) == (
        "   trial    lr   acc  loss  state        seconds\n"
        "1  sweep-1  0.1  0.9  4     done         1.0\n"
        "2  sweep-2  0.2  0.5  2     done         2.0\n"
        "3  sweep-4  0.4  0.5  1     done         4.0\n"
        "4  sweep-3  0.3       3     done         3.0      no metric acc\n"
        "5  sweep-5  0.5             failed       5.0      train: exit status 1\n"
        "6  sweep-6  0.6             interrupted  6.0\n"
        "\n"
        "4 done, 1 failed, 1 interrupted; best first by acc (maximize)"
    )


def test_hostile_names_and_values_are_shown_and_not_obeyed() -> None:
    settings = (Setting(param=Param(key="a|b\n@team"), value="$(id) <img>\x1b[31m"),)
    hostile = TrialResult(
        trial=Trial(number=1, settings=settings),
        name="sweep-1",
        state=TrialState.FAILED,
        message="::error::@team `x` | y",
    )
    text, page = render_sweep(ranked([hostile])), render_sweep_markdown(ranked([hostile]))
    assert "\x1b" not in text + page
    assert len(text.splitlines()) == 4
    assert "@team" not in page
    assert "<img>" not in page
    assert {line.count("|") for line in page.splitlines()[:3]} == {7}


def test_the_first_trials_stay_where_there_are_too_many() -> None:
    rows = bound_sweep(ranked(MIXED), trials=2)
    assert (order(rows), rows.left_out) == ("1 2", 4)
    assert "2 done, and 4 more; best first" in render_sweep(rows)
