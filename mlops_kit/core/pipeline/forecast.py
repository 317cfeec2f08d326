"""What a run would do to each stage, and why: the words of a forecast as values.

Source of schemas/forecast.schema.json and schemas/explanation.schema.json. How one follows from what was seen is
`core.pipeline.outlook`.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import ConfigDict

from mlops_kit.core.inspection import Inspection, Scalar
from mlops_kit.core.run import StageResult, Wants
from mlops_kit.core.types import StageName

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class Fate(StrEnum):
    """What a run would do to a stage.

    `run`: its command. `may-run`: its command, if what it reads comes out different. `restore`: its outputs come from
    the cache, the run-cache or the remote. `note`: what lies here is noted, no command runs. `absent`: nothing
    changed, but data is not on this machine; a run leaves it so with `--pull`, or makes it again. `keep`: nothing.
    """

    RUN = "run"
    MAY_RUN = "may-run"
    RESTORE = "restore"
    NOTE = "note"
    ABSENT = "absent"
    KEEP = "keep"


class Cause(StrEnum):
    """Why.

    Changes: `never-ran`, `command`, `dependency`, `param`, `output`, `forced`. Other reasons: `always` runs every
    time, `upstream` waits for the stage named, `missing` data, `unseen` data on another machine, `frozen` inputs.
    """

    NEVER_RAN = "never-ran"
    FORCED = "forced"
    COMMAND = "command"
    DEPENDENCY = "dependency"
    PARAM = "param"
    OUTPUT = "output"
    ALWAYS = "always"
    UPSTREAM = "upstream"
    MISSING = "missing"
    UNSEEN = "unseen"
    FROZEN = "frozen"


CHANGES = frozenset({Cause.NEVER_RAN, Cause.FORCED, Cause.COMMAND, Cause.DEPENDENCY, Cause.PARAM, Cause.OUTPUT})
"""Causes for which the lock does not hold."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One cause. `subject` is the path, params file or stage; `key` the param's; `old` and `new` digests or values.

    A command's `old` and `new` have one line per command. `note` adds what else is known.
    """

    cause: Cause
    subject: str = ""
    key: str = ""
    old: Scalar = None
    new: Scalar = None
    note: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class StageForecast:
    """One stage: its fate, the reasons, the stages that it reads from, and the seconds that its command took last."""

    name: StageName
    fate: Fate
    reasons: tuple[Reason, ...] = ()
    after: tuple[StageName, ...] = ()
    seconds: float | None = None

    __pydantic_config__ = _STRICT

    @property
    def changed(self) -> bool:
        """Whether its lock entry does not hold."""
        return any(reason.cause in CHANGES for reason in self.reasons)


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Every selected stage in the order of the plan.

    `up_to_date` says that every lock entry holds: absent data and stages that run every time do not count. `seconds`
    is what the commands that will run took last, one after the other; null where nobody knows.
    """

    stages: tuple[StageForecast, ...]
    up_to_date: bool
    seconds: float | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything about one stage.

    `inspection` is its lock entry beside its files, `writers` are the stages that write each input or params file,
    `readers` those that read what it writes. `in_run_cache` says whether the run-cache has a result for its inputs as
    they will be; null where that is open, or where it keeps none. `last_run` is null where none is known here.
    """

    stage: StageForecast
    inspection: Inspection
    writers: dict[str, tuple[StageName, ...]]
    readers: tuple[StageName, ...]
    wants: Wants
    in_run_cache: bool | None = None
    last_run: StageResult | None = None

    __pydantic_config__ = _STRICT


def summarise(stages: tuple[StageForecast, ...]) -> Forecast:
    """The forecast of these stages."""
    known = [stage.seconds for stage in stages if stage.fate is Fate.RUN and stage.seconds is not None]
    return Forecast(
        stages=stages,
        up_to_date=not any(stage.changed for stage in stages),
        seconds=sum(known) if known else None,
    )
