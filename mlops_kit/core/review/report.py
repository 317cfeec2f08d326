"""The report: what a change does to the results, as a document that can cross from one job to another.

Whoever reads a report back treats it as data from a stranger: sizes, numbers and texts are checked here, and every
problem is named. It says nothing about which pull request it belongs to.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, TypeAdapter, ValidationError

from mlops_kit.core.errors import InvalidInputError, Location, Problem
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import Trend
from mlops_kit.core.types import Answer, Verb

TEXT_LIMIT = 2_000
"""Characters of the longest text that a report may hold; longer ones are cut when it is written."""
ROW_LIMIT = 20_000
"""Rows of one table."""

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
Text = Annotated[str, Field(max_length=TEXT_LIMIT, strict=True)]
Number = StrictInt | StrictFloat
Cell = StrictBool | StrictInt | StrictFloat | Text | None


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two things compared. `name` is what the caller asked for; `commit` is empty for unrelated history.

    `worktree` says that files of the work tree were read, with what is not committed yet.
    """

    name: Text
    commit: Text
    worktree: StrictBool = False

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedMetric:
    """A metric of either side; see `MetricRow` for what old, new and diff mean."""

    path: Text
    key: Text
    old: Cell = None
    new: Cell = None
    diff: Number | None = None
    goal: Literal["", "maximize", "minimize"] = ""
    trend: Trend

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedParam:
    """A param that differs; None where that side has none."""

    path: Text
    key: Text
    old: Cell = None
    new: Cell = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedStage:
    """A stage of head. `state` and `seconds` are of the last run on this machine, if one is known.

    `change` says how its lock entry differs from base's: new, removed, changed, or empty. `after` are the stages it
    reads from.
    """

    name: Text
    state: Text = ""
    seconds: Annotated[Number, Field(ge=0)] | None = None
    change: Literal["", "new", "removed", "changed"] = ""
    after: Annotated[tuple[Text, ...], Field(max_length=ROW_LIMIT)] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedModel:
    """A model and its digests in base and head; empty where that side has none."""

    name: Text
    path: Text
    old: Text = ""
    new: Text = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedGate:
    """A gate's answer, as the report's author computed it; who must rely on it evaluates the gates again."""

    environment: Text
    metric: Text
    rule: Text
    answer: Answer
    message: Text

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedChange:
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
class ReportedBlock:
    """A promotion that is held back, and why."""

    environment: Text
    model: Text
    reason: Text
    hint: Text = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ReportedPlan:
    """What a merge into the environment's branch would cause."""

    changes: Annotated[tuple[ReportedChange, ...], Field(max_length=ROW_LIMIT)] = ()
    blocked: Annotated[tuple[ReportedBlock, ...], Field(max_length=ROW_LIMIT)] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class Report:
    """Base against head. `metrics` has every metric, `params` only what differs; `plan` is None where none was made.

    `unreadable` names metric files with the reason, each `SIDE FILE: reason`. `policy_changed` says that the change
    edits the gates it is judged by; `lock_uncommitted` that dvc.lock in the work tree is not the committed one.
    """

    version: Literal[1] = 1
    base: Side
    head: Side
    environment: Text
    verdict: Verdict
    gates: Annotated[tuple[ReportedGate, ...], Field(max_length=ROW_LIMIT)] = ()
    metrics: Annotated[tuple[ReportedMetric, ...], Field(max_length=ROW_LIMIT)] = ()
    params: Annotated[tuple[ReportedParam, ...], Field(max_length=ROW_LIMIT)] = ()
    stages: Annotated[tuple[ReportedStage, ...], Field(max_length=ROW_LIMIT)] = ()
    models: Annotated[tuple[ReportedModel, ...], Field(max_length=ROW_LIMIT)] = ()
    plan: ReportedPlan | None = None
    unreadable: Annotated[tuple[Text, ...], Field(max_length=ROW_LIMIT)] = ()
    notes: Annotated[tuple[Text, ...], Field(max_length=ROW_LIMIT)] = ()
    policy_changed: StrictBool = False
    lock_uncommitted: StrictBool = False

    __pydantic_config__ = _STRICT


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


def clip(text: str) -> str:
    """The text cut to what a report may hold, without characters that no encoding has."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= TEXT_LIMIT else f"{clean[: TEXT_LIMIT - 1]}…"


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _problems(error: ValidationError, file: str) -> Iterator[Problem]:
    for found in error.errors(include_url=False, include_input=False):
        field = ".".join(str(part) for part in found["loc"])
        yield Problem(message=found["msg"], location=Location(file=file), field=field)


def is_plain_number(value: object) -> bool:
    """Whether a cell is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
