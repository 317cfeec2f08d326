"""The report: what a change does to the results, as a document that can cross from one job to another.

Whoever reads a report back treats it as data from a stranger: sizes, numbers and texts are checked here, and every
problem is named. It says nothing about which pull request it belongs to.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, TypeAdapter, ValidationError

from mlops_kit.core.errors import InvalidInputError, Location, Problem
from mlops_kit.core.review.cells import ROW_LIMIT, STRICT, Text, clip
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.comparability import ObstacleRow
from mlops_kit.core.review.data import DataRow
from mlops_kit.core.review.evaluation import Evaluation
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.plots import PLOT_LIMIT, PlotRow
from mlops_kit.core.review.sweep import SweepRows
from mlops_kit.core.types import Answer, GateAnswer, Plan, Verb

_ROWS = Field(max_length=ROW_LIMIT)
SECTION_LIMIT = 20
SECTION_TEXT_LIMIT = 50_000
"""Sections that a team adds, and the characters of each."""
EVALUATION_LIMIT = 50
"""Models whose live version was scored beside the candidate."""
_MESSAGE_LIMIT = 200


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two things compared. `name` is what the caller asked for, `commit` its full name.

    `worktree` says that the files of the work tree were read, with what is not committed yet.
    """

    name: Text
    commit: Text
    worktree: StrictBool = False

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class GateRow:
    """A gate's answer, as the report's author computed it; who must rely on it evaluates the gates again."""

    environment: Text
    metric: Text
    rule: Text
    answer: Answer
    message: Text

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """One change that a merge would cause; `source` and `target` are `from` and `to` in the document."""

    environment: Text
    model: Text
    verb: Verb
    source: Annotated[Text, Field(alias="from")] = ""
    target: Annotated[Text, Field(alias="to")] = ""

    __pydantic_config__ = ConfigDict(
        extra="forbid", allow_inf_nan=False, validate_by_name=True, serialize_by_alias=True
    )


@dataclass(frozen=True, kw_only=True)
class BlockRow:
    """A promotion that is held back, or cannot be judged, and why."""

    environment: Text
    model: Text
    reason: Text
    hint: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class NoteRow:
    """What is worth saying of a model although nothing is done about it; `differs` where it is not as desired."""

    environment: Text
    model: Text
    message: Text
    differs: StrictBool = False

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class PlanRows:
    """What a merge into the environment's branch would cause; `unknown` are readings that failed."""

    changes: Annotated[tuple[ChangeRow, ...], _ROWS] = ()
    blocked: Annotated[tuple[BlockRow, ...], _ROWS] = ()
    unknown: Annotated[tuple[BlockRow, ...], _ROWS] = ()
    notes: Annotated[tuple[NoteRow, ...], _ROWS] = ()

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class Section:
    """Markdown that the team's own pipeline wrote, as it lies in the file; whoever shows it makes it harmless first."""

    title: Text
    text: Annotated[str, Field(max_length=SECTION_TEXT_LIMIT, strict=True)]

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """Where head's run is tracked: MLflow's ids, from which whoever trusts a server makes an address."""

    experiment_id: Annotated[str, Field(pattern=r"^[0-9a-zA-Z]{1,64}$", strict=True)]
    run_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", strict=True)]

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class Report:
    """Base against head. `metrics` has every metric, `params` only what differs; `plan` is None where none was made.

    `live` is what the environment runs, None where nothing does or where that is base. `data` are those that
    differ, `plots` all, those that did not change without points; `obstacles` say which metrics cannot be compared.
    `evaluations` are of models whose live version was scored beside the candidate, on the same data.

    `notes` say what could not be found out. `policy_changed` says that the change edits the rules that it is judged
    by (base's hold); `lock_uncommitted` that dvc.lock in the work tree is not the committed one.
    """

    version: Literal[1] = 1
    base: Side
    head: Side
    live: Side | None = None
    environment: Text
    verdict: Verdict
    gates: Annotated[tuple[GateRow, ...], _ROWS] = ()
    metrics: Annotated[tuple[MetricRow, ...], _ROWS] = ()
    params: Annotated[tuple[ParamRow, ...], _ROWS] = ()
    stages: Annotated[tuple[StageRow, ...], _ROWS] = ()
    models: Annotated[tuple[ModelRow, ...], _ROWS] = ()
    data: Annotated[tuple[DataRow, ...], _ROWS] = ()
    plots: Annotated[tuple[PlotRow, ...], Field(max_length=PLOT_LIMIT)] = ()
    obstacles: Annotated[tuple[ObstacleRow, ...], _ROWS] = ()
    evaluations: Annotated[tuple[Evaluation, ...], Field(max_length=EVALUATION_LIMIT)] = ()
    sections: Annotated[tuple[Section, ...], Field(max_length=SECTION_LIMIT)] = ()
    sweep: SweepRows | None = None
    tracked: TrackedRun | None = None
    plan: PlanRows | None = None
    notes: Annotated[tuple[Text, ...], _ROWS] = ()
    policy_changed: StrictBool = False
    lock_uncommitted: StrictBool = False

    __pydantic_config__ = STRICT


REPORT = TypeAdapter(Report)
"""Validates a report and gives its JSON Schema."""


def report_json(report: Report) -> str:
    """The report as strict JSON with sorted keys and a line end; the same report gives the same bytes."""
    value = REPORT.dump_python(report, mode="json", by_alias=True)
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def parse_report(data: bytes, *, file: str) -> Report:
    """The report that a stranger's bytes say; InvalidInputError with every problem. The caller bounds the size."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError([Problem(message="not strict JSON", location=Location(file=file))]) from error
    try:
        return REPORT.validate_python(value)
    except ValidationError as error:
        raise InvalidInputError(_problems(error, file)) from error


def gate_rows(answers: tuple[GateAnswer, ...]) -> tuple[GateRow, ...]:
    """Answers as a report carries them."""
    return tuple(
        GateRow(
            environment=found.environment,
            metric=clip(found.metric),
            rule=clip(found.rule),
            answer=found.answer,
            message=clip(found.message),
        )
        for found in answers
    )


def plan_rows(plan: Plan) -> PlanRows:
    """A plan as a report carries it."""
    return PlanRows(
        changes=tuple(
            ChangeRow(
                environment=found.environment,
                model=clip(found.model),
                verb=found.verb,
                source=clip(found.source),
                target=clip(found.target),
            )
            for found in plan.changes
        ),
        blocked=tuple(
            BlockRow(
                environment=found.environment, model=clip(found.model), reason=clip(found.reason), hint=clip(found.hint)
            )
            for found in plan.blocked
        ),
        unknown=tuple(
            BlockRow(environment=found.environment, model=clip(found.model), reason=clip(found.reason))
            for found in plan.unknown
        ),
        notes=tuple(
            NoteRow(
                environment=found.environment,
                model=clip(found.model),
                message=clip(found.message),
                differs=found.differs,
            )
            for found in plan.remarks
        ),
    )


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _problems(error: ValidationError, file: str) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in found["loc"])
        yield Problem(
            message=clip(found["msg"])[:_MESSAGE_LIMIT], location=Location(file=file), field=field[:_MESSAGE_LIMIT]
        )
