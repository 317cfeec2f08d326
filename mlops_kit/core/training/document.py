"""A retraining as a document: what was decided, and what came of it. It crosses from the job that runs code.

Who takes it believes none of it that can be read elsewhere: data, live version, pace and budget come from git.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from mlops_kit.core.config import Trigger
from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.review.cells import STRICT, Text, clip
from mlops_kit.core.training.data import TrainingData
from mlops_kit.core.training.situation import Action, Decision, DriftWord, Situation
from mlops_kit.core.types import CommitSha, Digest

DOCUMENT = "retrain.json"
_MOST_ROWS = 1_000
_MOST_SECONDS = 10**9
_PAST, _FUTURE = timedelta(days=35), timedelta(minutes=30)
"""How long a workflow run can take at most, and how far a runner's clock may be ahead."""


@dataclass(frozen=True, kw_only=True)
class DataChange:
    """A path of the training data that differs; a digest is empty where that side has none."""

    path: Text
    old: Text = ""
    new: Text = ""

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class DriftRow:
    """What was said of the data."""

    verdict: Text
    alarm: Annotated[bool, Field(strict=True)]
    current: Text
    violations: Annotated[tuple[Text, ...], Field(max_length=_MOST_ROWS)] = ()

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """What was decided about a model at the commit `head`, and why.

    `failure` says why a run came to nothing. `gpu_seconds` are the seconds of all GPUs that it held.
    """

    version: Annotated[int, Field(ge=1, le=1, strict=True)] = 1
    model: Text
    environment: Text
    head: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", strict=True)]
    asked_at: AwareDatetime
    action: Action
    trigger: Trigger | None = None
    reason: Text
    hint: Text = ""
    key: Annotated[str, Field(pattern=r"^([0-9a-f]{12})?$", strict=True)] = ""
    branch: Text = ""
    alarms: Annotated[int, Field(ge=0, le=_MOST_ROWS, strict=True)] = 0
    data: Annotated[tuple[DataChange, ...], Field(max_length=_MOST_ROWS)] = ()
    drift: DriftRow | None = None
    gpu_seconds: Annotated[int, Field(ge=0, le=_MOST_SECONDS, strict=True)] = 0
    failure: Text = ""

    __pydantic_config__ = STRICT

    @property
    def drift_word(self) -> DriftWord | None:
        """What was said of the data, to decide by."""
        row = self.drift
        if row is None:
            return None
        return DriftWord(verdict=row.verdict, is_alarm=row.alarm, current=row.current, violations=row.violations)


def describe(situation: Situation, decision: Decision, head: CommitSha) -> Retraining:
    """The document of a decision."""
    word = situation.drift
    return Retraining(
        model=situation.model,
        environment=situation.environment,
        head=head,
        asked_at=situation.asked_at,
        action=decision.action,
        trigger=decision.trigger,
        reason=clip(decision.reason),
        hint=clip(decision.hint),
        key=decision.key,
        branch=decision.branch,
        alarms=decision.alarms,
        data=changes_of(situation.current, situation.trained),
        drift=DriftRow(
            verdict=clip(word.verdict),
            alarm=word.is_alarm,
            current=clip(word.current),
            violations=tuple(map(clip, word.violations[:_MOST_ROWS])),
        )
        if word
        else None,
    )


def changes_of(data: TrainingData, before: TrainingData) -> tuple[DataChange, ...]:
    """What differs, as rows; of very many the first."""
    return tuple(
        DataChange(path=clip(path), old=_text(old), new=_text(new))
        for path, old, new in data.changes(before)[:_MOST_ROWS]
    )


def retraining_json(found: Retraining) -> str:
    """The document as strict JSON with sorted keys and a line end."""
    value = _ADAPTER.dump_python(found, mode="json")
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def parse_retraining(data: bytes, *, now: datetime) -> Retraining:
    """What a stranger's bytes say; IntegrityError for what is no such document, or is of no time that can be."""
    try:
        found = _ADAPTER.validate_python(json.loads(data.decode("utf-8")))
    except ValidationError as error:
        raise _refusal("; ".join(_problems(error))) from error
    except (ValueError, RecursionError) as error:
        raise _refusal("it is not strict JSON") from error
    if not now - _PAST <= found.asked_at <= now + _FUTURE:
        raise _refusal(f"it was written at {found.asked_at:%Y-%m-%d %H:%M} UTC, which no run of now can have been")
    return found


def _text(digest: Digest | None) -> str:
    return clip(str(digest)) if digest else ""


def _problems(error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False, include_input=False)[:3]:
        yield f"{'.'.join(str(part) for part in found['loc'])[:200]}: {found['msg'][:200]}"


def _refusal(message: str) -> IntegrityError:
    return IntegrityError(
        f"not what `retrain --hand-over` writes: {message}",
        location=Location(file=DOCUMENT),
        hint="take the artifact of this run's job that retrains",
    )


_ADAPTER = TypeAdapter(Retraining)
