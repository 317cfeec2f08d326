"""The live model and the candidate, scored on the same data: the document of it, and whether it still holds.

It lies in git beside the lock, like the metrics: whoever reads it treats it as data, and asks of which bytes it is.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from mlops_kit.core.config.evaluation import MODEL_NAME
from mlops_kit.core.errors import InvalidInputError, Location, Problem
from mlops_kit.core.pipeline.scoring import Trial
from mlops_kit.core.review.cells import STRICT, Cell, Number, Text, clip
from mlops_kit.core.review.lookup import MetricName
from mlops_kit.core.review.metrics import MetricFile, exact, is_finite, is_number
from mlops_kit.core.types import Digest, EnvironmentName

FOLDER = "evaluations"
"""Where the documents lie, from the repository's top: a folder for each environment, a file for each model."""
LIMIT = 200
"""Rows of one table of a document: metrics, inputs, lines, notes."""
_ROWS = Field(max_length=LIMIT)
_PATH = re.compile(rf"{FOLDER}/[a-z0-9][a-z0-9-]{{0,62}}/{MODEL_NAME}\.json")
_TOLD = 200


@dataclass(frozen=True, kw_only=True)
class InputRow:
    """What both were scored on or by; the digest is empty where nothing knows it."""

    path: Text
    digest: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A metric of the live model and of the candidate.

    `low` and `high` are the ends of the 95 % interval of candidate minus live, None where there are no scores by row;
    `rows` is how many there were.
    """

    path: Text
    key: Text
    live: Cell = None
    candidate: Cell = None
    low: Number | None = None
    high: Number | None = None
    rows: Annotated[int, Field(ge=0, strict=True)] = 0

    __pydantic_config__ = STRICT

    @property
    def name(self) -> MetricName:
        """The metric's file and key."""
        return self.path, self.key

    @property
    def difference(self) -> float | None:
        """Candidate minus live, None where that is no number."""
        live, candidate = self.live, self.candidate
        if not isinstance(live, int | float) or not isinstance(candidate, int | float):
            return None
        if not all(is_number(value) and is_finite(value) for value in (live, candidate)):
            return None
        return float(exact(candidate) - exact(live))


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One model in one environment: `live` and `candidate` are digests, `lines` what ran, `inputs` on what."""

    version: Literal[1] = 1
    environment: Text
    model: Text
    live: Text
    candidate: Text
    lines: Annotated[tuple[Text, ...], _ROWS] = ()
    inputs: Annotated[tuple[InputRow, ...], _ROWS] = ()
    scores: Annotated[tuple[ScoreRow, ...], _ROWS] = ()
    notes: Annotated[tuple[Text, ...], _ROWS] = ()

    __pydantic_config__ = STRICT


EVALUATION = TypeAdapter(Evaluation)


def evaluation_path(environment: str, model: str) -> str:
    """Where the document of a model lies, from the repository's top."""
    return f"{FOLDER}/{environment}/{model}.json"


def is_evaluation_path(path: str) -> bool:
    """Whether a path is one that a document of some environment and model has."""
    return _PATH.fullmatch(path) is not None


def evaluation_json(evaluation: Evaluation) -> str:
    """The document as strict JSON with sorted keys and a line end; the same evaluation gives the same bytes."""
    value = EVALUATION.dump_python(evaluation, mode="json")
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def parse_evaluation(data: bytes, *, file: str) -> Evaluation:
    """The evaluation that a file's bytes say; InvalidInputError with every problem."""
    try:
        return EVALUATION.validate_json(data)
    except ValidationError as error:
        raise InvalidInputError(
            Problem(
                message=clip(found["msg"], limit=_TOLD),
                location=Location(file=file),
                field=".".join(map(str, found["loc"]))[:_TOLD],
            )
            for found in error.errors(include_url=False, include_input=False)
        ) from error


def describe_trial(trial: Trial) -> tuple[tuple[str, ...], tuple[InputRow, ...]]:
    """What runs, and on what, as a document says it."""
    inputs = (InputRow(path=clip(found.path), digest=str(found.digest or "")) for found in trial.inputs)
    return tuple(map(clip, trial.lines[:LIMIT])), tuple(inputs)[:LIMIT]


def why_not_of(evaluation: Evaluation, *, environment: EnvironmentName, live: Digest, candidate: str) -> str:
    """Why an evaluation says nothing of these two versions; empty where it does."""
    told = (
        (evaluation.environment, environment, "the environment"),
        (evaluation.live, str(live), "the live model"),
        (evaluation.candidate, candidate, "the candidate"),
    )
    return next((f"{what} is {now}, not {then}" for then, now, what in told if then != now), "")


def why_stale(evaluation: Evaluation, trial: Trial) -> str:
    """Why an evaluation would come out otherwise now; empty where it would not."""
    lines, inputs = describe_trial(trial)
    if evaluation.lines != lines:
        return "what scores the model is another command now"
    known = {found.path: found.digest for found in evaluation.inputs}
    changed = [found.path for found in inputs if known.get(found.path) != found.digest]
    lost = sorted(known.keys() - {found.path for found in inputs})
    return f"{(*changed, *lost)[0]} is another one now" if changed or lost else ""


def find_score(evaluations: Iterable[Evaluation], name: MetricName, head: Iterable[MetricFile]) -> ScoreRow | None:
    """The scores of a metric of head: of its own file, else, where head has the key only once, of the only other."""
    path, key = clip(name[0]), clip(name[1])
    rows = [row for evaluation in evaluations for row in evaluation.scores if row.key == key]
    if found := [row for row in rows if row.path == path]:
        return found[0]
    holders = [file for file in head if name[1] in (*file.values, *file.dropped)]
    return rows[0] if len(rows) == 1 and len(holders) == 1 else None
