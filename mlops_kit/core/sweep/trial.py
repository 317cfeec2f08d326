"""One trial of a sweep: which params it sets, and what it is called."""

import json
from dataclasses import dataclass
from hashlib import sha256

from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.types import CommitSha

PARAMS_FILE = "params.yaml"
"""Where a param is looked for whose word names no file, as DVC does."""

_NAME_DIGITS = 10


@dataclass(frozen=True, kw_only=True, order=True)
class Param:
    """A param: its file, from the folder of the run with forward slashes, and its dotted key."""

    file: str = PARAMS_FILE
    key: str

    def __str__(self) -> str:
        """As a word of a sweep names it: `KEY`, or `FILE:KEY`."""
        return self.key if self.file == PARAMS_FILE else f"{self.file}:{self.key}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A param with the value that a trial gives it."""

    param: Param
    value: Scalar


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What one run of a sweep sets; `number` counts from 1 in the order in which they were asked for."""

    number: int
    settings: tuple[Setting, ...]


def describe_settings(trial: Trial) -> str:
    """`train.lr=0.1 trees=50`."""
    return " ".join(f"{found.param}={found.value}" for found in trial.settings)


def name_trial(trial: Trial, *, baseline: CommitSha, scope: str) -> str:
    """The name of its experiment: the same for the same settings of the same stages (`scope`) on the same commit."""
    settings = [[found.param.file, found.param.key, type(found.value).__name__, repr(found.value)]
                for found in trial.settings]  # fmt: skip
    text = json.dumps([baseline, scope, sorted(settings)])
    return f"sweep-{sha256(text.encode()).hexdigest()[:_NAME_DIGITS]}"
