"""Whether a metric's values in base and head were measured in the same way: same data, same script, same seed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mlops_kit.core.review.cells import STRICT, Text


class Obstacle(StrEnum):
    """What differs in how a metric was measured."""

    DATA = "data"
    SCRIPT = "script"
    SEED = "seed"


@dataclass(frozen=True, kw_only=True)
class ObstacleRow:
    """A reason why the metrics of a file cannot be compared with those of base, or of what is live.

    `path` is the metrics file, `stage` what writes it. `name` is the path that differs, or `FILE:KEY` of a seed; `old`
    and `new` are its digests or values, empty where that side has none.
    """

    path: Text
    stage: Text
    kind: Obstacle
    name: Text
    old: Text = ""
    new: Text = ""
    against: Literal["base", "live"] = "base"

    __pydantic_config__ = STRICT
