"""Everything that decides about a retraining, as one value, and what was decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mlops_kit.core.config import TrainingPolicy, Trigger
from mlops_kit.core.training.data import TrainingData
from mlops_kit.core.training.history import History
from mlops_kit.core.types import EnvironmentName, ModelName, Note, NoteKind


@dataclass(frozen=True, kw_only=True)
class DriftWord:
    """What a judge of data says: `verdict` in its own word, whether it calls for a retraining, and of which data.

    `current` names the data that was judged, the same text for the same data. `violations` are what makes that data
    invalid, a sentence each.
    """

    verdict: str
    is_alarm: bool
    current: str
    violations: tuple[str, ...] = ()

    @property
    def is_conclusive(self) -> bool:
        """Whether it says something of the data at all."""
        return self.verdict != "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One model in one environment, and the data that is there now.

    `trained` is what the live model was trained on, or where nothing is live what the branch's lock was; `is_live`
    tells which. `merged` is what the lock of the branch was trained on. `occasion` is why this is asked, where it is
    not the data. `branches` are those of retrainings that are there. `asked_at` says when it was asked, which is
    before `now` where another job decides again. With `at_once` a person answers for pace and budget.
    """

    model: ModelName
    environment: EnvironmentName
    policy: TrainingPolicy
    now: datetime
    asked_at: datetime
    current: TrainingData
    trained: TrainingData
    merged: TrainingData
    history: History
    is_live: bool = True
    occasion: Trigger | None = None
    drift: DriftWord | None = None
    hold: Note | None = None
    branches: frozenset[str] = frozenset()
    at_once: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the data is another than the model was trained on."""
        return not self.current.is_same(self.trained)


class Action(StrEnum):
    """What is done: nothing, a retraining, the pull request of one that was pushed already, or nothing by rule."""

    WAIT = "wait"
    RETRAIN = "retrain"
    FINISH = "finish"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is done and why, as a sentence.

    `key` and `branch` name the retraining, empty where there is none to name. `note` is what the log should remember
    of the drift, with `alarm_data`; `alarms` counts those in a row, this one included.
    """

    action: Action
    reason: str
    hint: str = ""
    trigger: Trigger | None = None
    key: str = ""
    branch: str = ""
    alarms: int = 0
    note: NoteKind | None = None
    alarm_data: str = ""
