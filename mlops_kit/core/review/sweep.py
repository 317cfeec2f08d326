"""The trials of a sweep as rows of a report, the best first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from mlops_kit.core.config import Config, Goal
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.review.cells import STRICT, Cell, Number, Text, clip, portable
from mlops_kit.core.review.directions import assume_goal
from mlops_kit.core.review.lookup import MetricName, find_names, find_value, hiding_places, unreadable, why_unfit
from mlops_kit.core.run import StageResult
from mlops_kit.core.sweep.trial import Trial
from mlops_kit.core.types import CommitSha

TRIAL_LIMIT = 1_000
_LISTED = 5
_CELL_LIMIT = 40
"""Params or metrics of one trial that a report carries."""


class TrialState(StrEnum):
    """How a trial ended; `interrupted` where the sweep was, before it was done."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """A trial that ran: the name of its experiment, seconds that its commands took, what its metrics files hold.

    `message` says what went wrong.
    """

    trial: Trial
    name: str
    state: TrialState
    seconds: float = 0.0
    metrics: tuple[ValueFile, ...] = ()
    message: str = ""
    stages: tuple[StageResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What makes one trial better than another; no `metric` where nobody named one."""

    metric: str = ""
    goal: Goal | None = None


@dataclass(frozen=True, kw_only=True)
class NamedCell:
    """A param or a metric, with its value."""

    path: Text
    key: Text
    value: Cell = None

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One trial. `value` is the metric that ranks, None where there is none; `message` says why, or what failed."""

    name: Text
    state: TrialState
    params: Annotated[tuple[NamedCell, ...], Field(max_length=_CELL_LIMIT)] = ()
    metrics: Annotated[tuple[NamedCell, ...], Field(max_length=_CELL_LIMIT)] = ()
    value: Number | None = None
    seconds: Number = 0
    message: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class SweepRows:
    """A sweep: the commit that its trials start from, what ranks them, and all of them, the best first.

    `left_out` counts the last ones, which are not among them. `applied` names the trial whose results are in the
    work tree, empty where none are.
    """

    baseline: Text
    metric: Text = ""
    goal: Literal["", "maximize", "minimize"] = ""
    trials: Annotated[tuple[TrialRow, ...], Field(max_length=TRIAL_LIMIT)] = ()
    left_out: Annotated[int, Field(ge=0, strict=True)] = 0
    applied: Text = ""

    __pydantic_config__ = STRICT


SWEEP = TypeAdapter(SweepRows)
"""Validates the rows of a sweep and writes them as JSON."""


def choose_measure(metric: str, config: Config) -> Measure:
    """The measure that a metric's name stands for; InputError where nobody says which way is better."""
    if not metric:
        return Measure()
    path, _, key = metric.rpartition(":")
    goal = config.policy(path, key).goal or assume_goal(key)
    if goal is None:
        raise InputError(
            f"--metric {metric[:200]!r}: nothing says whether more or less of it is better",
            hint=f'in mlops.yaml: metrics: {{"{key[:200]}": {{goal: maximize}}}}',
        )
    return Measure(metric=metric, goal=goal)


def measure_value(measure: Measure, files: tuple[ValueFile, ...]) -> tuple[float | None, str]:
    """The metric that ranks, or why a trial has none."""
    if not measure.metric:
        return None, ""
    names = find_names(measure.metric, files)
    if len(names) != 1:
        return None, _why_none(measure.metric, names, files)
    found = find_value(files, names[0])
    why = why_unfit(found, "its results")
    return (None, why) if why or not isinstance(found.value, int | float) else (found.value, "")


def _why_none(metric: str, names: list[MetricName], files: tuple[ValueFile, ...]) -> str:
    """Why a metric's name does not lead to one metric."""
    if names:
        return f"{metric} is in {', '.join(f'{path}:{key}' for path, key in names[:_LISTED])}"
    lost = [unreadable(file) for file in hiding_places(metric, files, ())]
    return "; ".join(lost[:_LISTED]) or f"no metric {metric}"


def rank_trials(results: Iterable[TrialResult], measure: Measure, *, baseline: CommitSha) -> SweepRows:
    """All trials, the best first, in the order of asking where they are equal; then those without a metric, then
    those that failed, then those that were interrupted."""
    made = [(_row(result, measure), result.trial.number) for result in results]
    made.sort(key=lambda pair: (_order(pair[0], measure), pair[1]))
    return SweepRows(
        baseline=baseline,
        metric=clip(measure.metric),
        goal=measure.goal.value if measure.goal else "",
        trials=tuple(row for row, _ in made[:TRIAL_LIMIT]),
        left_out=max(0, len(made) - TRIAL_LIMIT),
    )


def bound_sweep(rows: SweepRows, *, trials: int) -> SweepRows:
    """The sweep with so many of its best trials."""
    lost = max(0, len(rows.trials) - trials)
    return replace(rows, trials=rows.trials[:trials], left_out=rows.left_out + lost)


def find_best(rows: SweepRows) -> TrialRow | None:
    """The first trial, where it is done and has the metric; None where no trial can be said to be the best."""
    first = next(iter(rows.trials), None)
    return first if first and first.state is TrialState.DONE and first.value is not None else None


def _row(result: TrialResult, measure: Measure) -> TrialRow:
    value, why = measure_value(measure, result.metrics) if result.state is TrialState.DONE else (None, "")
    metrics = (_cell(file.path, key, found) for file in result.metrics for key, found in sorted(file.values.items()))
    params = (_cell(one.param.file, one.param.key, one.value) for one in result.trial.settings)
    return TrialRow(
        name=clip(result.name),
        state=result.state,
        params=tuple(params)[:_CELL_LIMIT],
        metrics=tuple(metrics)[:_CELL_LIMIT],
        value=value,
        seconds=round(result.seconds, 3),
        message=clip(result.message or why),
    )


def _cell(path: str, key: str, value: Value) -> NamedCell:
    return NamedCell(path=clip(path), key=clip(key), value=portable(value))


_STATES: Mapping[TrialState, int] = {
    TrialState.DONE: 0,
    TrialState.FAILED: 2,
    TrialState.INTERRUPTED: 3,
}


def _order(row: TrialRow, measure: Measure) -> tuple[int, float]:
    if row.value is None:
        return max(1, _STATES[row.state]) if measure.metric else _STATES[row.state], 0.0
    return 0, -row.value if measure.goal is Goal.MAXIMIZE else row.value
