"""The candidates of a sweep as rows of a report, the best first."""

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
from mlops_kit.core.sweep.candidate import Candidate
from mlops_kit.core.types import CommitSha

CANDIDATE_LIMIT = 1_000
_LISTED = 5
_CELL_LIMIT = 40
"""Params or metrics of one candidate that a report carries."""


class CandidateState(StrEnum):
    """How a candidate ended; `interrupted` where the sweep was, before it was done."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class CandidateResult:
    """A candidate that ran: the name of its experiment, seconds that its commands took, what its metrics files hold.

    `message` says what went wrong.
    """

    candidate: Candidate
    name: str
    state: CandidateState
    seconds: float = 0.0
    metrics: tuple[ValueFile, ...] = ()
    message: str = ""
    stages: tuple[StageResult, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What makes one candidate better than another; no `metric` where nobody named one."""

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
class CandidateRow:
    """One candidate. `value` is the metric that ranks, None where there is none; `message` says why, or what failed."""

    name: Text
    state: CandidateState
    params: Annotated[tuple[NamedCell, ...], Field(max_length=_CELL_LIMIT)] = ()
    metrics: Annotated[tuple[NamedCell, ...], Field(max_length=_CELL_LIMIT)] = ()
    value: Number | None = None
    seconds: Number = 0
    message: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class SweepRows:
    """A sweep: the commit that its candidates start from, what ranks them, and all of them, the best first.

    `left_out` counts the last ones, which are not among them. `applied` names the candidate whose results are in the
    work tree, empty where none are.
    """

    baseline: Text
    metric: Text = ""
    goal: Literal["", "maximize", "minimize"] = ""
    candidates: Annotated[tuple[CandidateRow, ...], Field(max_length=CANDIDATE_LIMIT)] = ()
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
    """The metric that ranks, or why a candidate has none."""
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


def rank_candidates(results: Iterable[CandidateResult], measure: Measure, *, baseline: CommitSha) -> SweepRows:
    """All candidates, the best first, in the order of asking where they are equal; then those without a metric, then
    those that failed, then those that were interrupted."""
    made = [(_row(result, measure), result.candidate.number) for result in results]
    made.sort(key=lambda pair: (_order(pair[0], measure), pair[1]))
    return SweepRows(
        baseline=baseline,
        metric=clip(measure.metric),
        goal=measure.goal.value if measure.goal else "",
        candidates=tuple(row for row, _ in made[:CANDIDATE_LIMIT]),
        left_out=max(0, len(made) - CANDIDATE_LIMIT),
    )


def bound_sweep(rows: SweepRows, *, candidates: int) -> SweepRows:
    """The sweep with so many of its best candidates."""
    lost = max(0, len(rows.candidates) - candidates)
    return replace(rows, candidates=rows.candidates[:candidates], left_out=rows.left_out + lost)


def find_best(rows: SweepRows) -> CandidateRow | None:
    """The first candidate, where it is done and has the metric; None where no candidate can be said to be the best."""
    first = next(iter(rows.candidates), None)
    return first if first and first.state is CandidateState.DONE and first.value is not None else None


def _row(result: CandidateResult, measure: Measure) -> CandidateRow:
    value, why = measure_value(measure, result.metrics) if result.state is CandidateState.DONE else (None, "")
    metrics = (_cell(file.path, key, found) for file in result.metrics for key, found in sorted(file.values.items()))
    params = (_cell(one.param.file, one.param.key, one.value) for one in result.candidate.settings)
    return CandidateRow(
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


_STATES: Mapping[CandidateState, int] = {
    CandidateState.DONE: 0,
    CandidateState.FAILED: 2,
    CandidateState.INTERRUPTED: 3,
}


def _order(row: CandidateRow, measure: Measure) -> tuple[int, float]:
    if row.value is None:
        return max(1, _STATES[row.state]) if measure.metric else _STATES[row.state], 0.0
    return 0, -row.value if measure.goal is Goal.MAXIMIZE else row.value
