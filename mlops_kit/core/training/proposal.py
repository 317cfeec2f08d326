"""What a retraining came to, as it is told."""

from dataclasses import dataclass
from enum import StrEnum

from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.review.report import Report
from mlops_kit.core.training.document import Retraining
from mlops_kit.core.types import CommitSha


class Outcome(StrEnum):
    """What a retraining came to: nothing was to be done; a branch, and a pull request of it; no better; no result."""

    NOTHING = "nothing"
    PUSHED = "pushed"
    PROPOSED = "proposed"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The outcome of a retraining, and why, as a sentence.

    `base` is the branch that it is proposed to, `report` compares it with that; `drift` is what was said of
    the data. `number` and `url` are the pull request's. `is_quiet` says that no workflow starts for it.
    """

    outcome: Outcome
    retraining: Retraining
    reason: str = ""
    base: str = ""
    branch: str = ""
    commit: CommitSha | None = None
    report: Report | None = None
    drift: tuple[DriftReport, ...] = ()
    number: int | None = None
    url: str = ""
    is_quiet: bool = False
