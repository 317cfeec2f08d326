"""What a package offers that judges drift in its own way, by an entry point in the group `mlops_kit.detectors`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from mlops_kit.core.drift.profile import DataProfile
from mlops_kit.core.drift.report import DriftAnswer


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What a detector says of a column: the name of what it measured, and its numbers as it gives them.

    The p-value is not corrected for many columns. A remark about no column that both sides have is a note.
    """

    column: str
    answer: DriftAnswer
    statistic: str
    message: str
    effect: float | None = None
    p_value: float | None = None


class Detector(Protocol):
    """Judges two data sets; their files are in the profiles' sources. It may raise KitError only."""

    def detect(self, reference: DataProfile, current: DataProfile) -> Iterable[Remark]:
        """What it says of the columns, each at most once."""
