"""The drift report: what became of each column, and of all together, as a document that crosses from job to job.

Whoever reads one back treats it as data from a stranger: sizes, numbers and words are checked, nothing is trusted.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, TypeAdapter, ValidationError

from mlops_kit.core.drift.kinds import ColumnKind
from mlops_kit.core.drift.measuring import Check
from mlops_kit.core.drift.schema import EXAMPLES, Rule, Violation
from mlops_kit.core.errors import InvalidInputError, Location, Problem

COLUMN_LIMIT = 20_000
NAME_LIMIT = 300
"""Characters of the longest name, value or message."""
_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
Text = Annotated[str, Field(max_length=NAME_LIMIT, strict=True)]
Count = Annotated[StrictInt, Field(ge=0)]
Number = StrictFloat | StrictInt


class DriftAnswer(StrEnum):
    """What a check, a column or a whole data set says; a column that is not judged is `skipped`."""

    FAIL = "fail"
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    OK = "ok"
    SKIPPED = "skipped"


GRAVITY = tuple(DriftAnswer)
"""The answers, gravest first."""


def gravest(answers: Iterable[DriftAnswer]) -> DriftAnswer:
    """The worst of them, skipped where there is none."""
    return min(answers, key=GRAVITY.index, default=DriftAnswer.SKIPPED)


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """One comparison: the effect in the unit of its statistic, and its p-value after the correction for all columns."""

    check: Check
    answer: DriftAnswer
    statistic: Text
    message: Text
    effect: Number | None = None
    p_value: Number | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ColumnSide:
    """What a column holds on one side; mean, deviation and extremes only of numbers that are finite."""

    type: Text
    rows: Count
    missing: Count
    distinct: Count
    mean: Number | None = None
    deviation: Number | None = None
    minimum: Number | None = None
    maximum: Number | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Both sides' shares by bin: `edges` of numbers (one more than bins), or the `values` themselves."""

    reference: Annotated[tuple[Number, ...], Field(max_length=100)]
    current: Annotated[tuple[Number, ...], Field(max_length=100)]
    edges: Annotated[tuple[Number, ...], Field(max_length=101)] = ()
    values: Annotated[tuple[Text, ...], Field(max_length=100)] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """A column that both sides have; `stability_index` is reported and decides nothing."""

    name: Text
    kind: ColumnKind
    answer: DriftAnswer
    message: Text
    important: StrictBool = False
    reference: ColumnSide
    current: ColumnSide
    checks: Annotated[tuple[CheckRow, ...], Field(max_length=20)] = ()
    stability_index: Number | None = None
    histogram: Histogram | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class ViolationRow:
    """A rule that the data breaks, by column (empty: the table), with rows (where they were counted) and examples."""

    column: Text
    rule: Rule
    expected: Text
    rows: Count | None = None
    examples: Annotated[tuple[Text, ...], Field(max_length=EXAMPLES)] = ()

    __pydantic_config__ = _STRICT

    def __str__(self) -> str:
        """One line, for a message."""
        found = Violation(
            column=self.column, rule=self.rule, expected=self.expected, rows=self.rows, examples=self.examples
        )
        return f"{f'column {self.column}' if self.column else 'the table'} {found}"


def violation_row(found: Violation) -> ViolationRow:
    """The violation as a document carries it."""
    return ViolationRow(
        column=clip(found.column),
        rule=found.rule,
        expected=clip(found.expected),
        rows=found.rows,
        examples=tuple(map(clip, found.examples[:EXAMPLES])),
    )


@dataclass(frozen=True, kw_only=True)
class DataSide:
    """One of the two data sets; the digest is empty where DVC does not track it."""

    name: Text
    digest: Text
    rows: Count

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """All of it. `drifted` says that the model should be trained again: never where the data is not valid."""

    schema_version: Literal[1] = 1
    verdict: DriftAnswer
    drifted: StrictBool
    message: Text
    reference: DataSide
    current: DataSide
    columns: Annotated[tuple[ColumnRow, ...], Field(max_length=COLUMN_LIMIT)] = ()
    violations: Annotated[tuple[ViolationRow, ...], Field(max_length=COLUMN_LIMIT)] = ()
    notes: Annotated[tuple[Text, ...], Field(max_length=100)] = ()

    __pydantic_config__ = _STRICT


_ADAPTER = TypeAdapter(DriftReport)


def drift_json(report: DriftReport) -> str:
    """The document of `schemas/drift.schema.json`: sorted, strict, the same for the same report."""
    dumped = _ADAPTER.dump_python(report, mode="json")
    return json.dumps(dumped, allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def parse_drift(data: bytes, *, file: str) -> DriftReport:
    """The report that a document holds; InvalidInputError names every field that is wrong."""
    try:
        return _ADAPTER.validate_json(data)
    except ValidationError as error:
        problems = [
            Problem(
                message=found["msg"],
                location=Location(file=file),
                field=".".join(str(part)[:NAME_LIMIT] for part in found["loc"]),
            )
            for found in error.errors()[:20]
        ]
        raise InvalidInputError(problems) from error


def clip(text: str) -> str:
    """The text cut to its limit, without the halves of characters that no encoding has."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= NAME_LIMIT else f"{whole[: NAME_LIMIT - 1]}…"
