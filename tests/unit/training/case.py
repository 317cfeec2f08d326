"""Situations of a retraining as small pictures."""

from datetime import UTC, datetime, timedelta

from mlops_kit.core.config import TrainingPolicy, Trigger
from mlops_kit.core.training.data import Source, TrainingData
from mlops_kit.core.training.history import History, history_of
from mlops_kit.core.training.situation import Decision, DriftWord, Situation
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName, Note, NoteKind, Training

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHURN, DEV = ModelName("churn"), EnvironmentName("dev")
HEAD = CommitSha("a" * 40)


def data(letter: str) -> TrainingData:
    """One file whose content is a letter; an empty one is not known."""
    digest = Digest(algorithm="md5", value=letter * 32) if letter else None
    return TrainingData(sources=(Source(path="rows.csv", digest=digest, file="rows.csv.dvc"),))


def policy(**keys: object) -> TrainingPolicy:
    """The section with these keys as the file writes them."""
    return TrainingPolicy.model_validate({name.replace("_", "-"): value for name, value in keys.items()})


def situation(
    current: str = "b",
    *,
    trained: str = "a",
    merged: str = "a",
    notes: tuple[Note, ...] = (),
    rules: TrainingPolicy | None = None,
    drift: DriftWord | None = None,
    occasion: Trigger | None = None,
    now: datetime = NOW,
    at_once: bool = False,
    hold: Note | None = None,
    branches: frozenset[str] = frozenset(),
) -> Situation:
    return Situation(
        model=CHURN, environment=DEV, policy=rules or policy(), now=now, asked_at=now, current=data(current),
        trained=data(trained), merged=data(merged), history=history(*notes), drift=drift, occasion=occasion,
        at_once=at_once, hold=hold, branches=branches,
    )  # fmt: skip


def history(*notes: Note) -> History:
    """What these notes tell while record 1 is live."""
    return history_of(notes, live=1)


def drifted(current: str = "b", *, verdict: str = "fail", alarm: bool = True) -> DriftWord:
    return DriftWord(verdict=verdict, is_alarm=alarm, current=current)


def noted(
    seq: int, kind: NoteKind, *, ago: timedelta = timedelta(0), key: str = "", of: str = "b", gpu: int = 0, on: int = 1
) -> Note:
    """A note about training, so long before NOW."""
    return Note(
        model=CHURN, environment=DEV, seq=seq, kind=kind, commit=HEAD, record=on, reason="why",
        training=Training(data=of, key=key, gpu_seconds=gpu), recorded_at=NOW - ago,
    )  # fmt: skip


def outcome_of(decision: Decision, seq: int, kind: NoteKind, now: datetime, *, gpu: int = 0) -> Note:
    """The note that a retraining leaves."""
    return Note(
        model=CHURN, environment=DEV, seq=seq, kind=kind, commit=HEAD, record=1, reason="why",
        training=Training(data="d", key=decision.key, gpu_seconds=gpu), recorded_at=now,
    )  # fmt: skip
