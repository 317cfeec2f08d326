"""What `mlops.yaml` says, typed: environments, gates, metrics, registry.

These models are the one source of schemas/config.schema.json. Reading the file is an adapter's work; turning its
text into a Config, with every problem at once, is `parse_config`.
"""

import re
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mlops_kit.core.types import EnvironmentName

CONFIG_FILE = "mlops.yaml"


class Goal(StrEnum):
    """Which direction of a metric is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class Baseline(StrEnum):
    """What a relative gate compares with: the merge base, or what the environment runs."""

    BASE = "base"
    LIVE = "live"


class Level(StrEnum):
    """What a broken gate does: only say so, or refuse."""

    WARN = "warn"
    FAIL = "fail"


class Section(BaseModel):
    """A mapping of the file: kebab-case keys, unknown ones refused, immutable."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=False,
        validate_by_alias=True,
    )


_DURATION = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%")
_ENVIRONMENT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_RESERVED_NAME = re.compile(r"latest|v\d+")


def parse_duration(text: object) -> object:
    """`90s`, `30m`, `24h`, `7d` as a timedelta; other values pass to the next validator."""
    if isinstance(text, str) and (match := _DURATION.fullmatch(text)):
        return timedelta(seconds=int(match["count"]) * _SECONDS[match["unit"]])
    if isinstance(text, timedelta):
        return text
    raise ValueError("expected a duration such as 90s, 30m, 24h or 7d")


Duration = Annotated[timedelta, BeforeValidator(parse_duration, json_schema_input_type=str)]


class Amount(BaseModel):
    """How far a metric may move: an absolute number, or a percentage of the baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: Annotated[float, Field(ge=0)]
    percent: bool = False

    def __str__(self) -> str:
        """As it is written in the file."""
        return f"{self.value:g}%" if self.percent else f"{self.value:g}"


def parse_amount(written: object) -> object:
    """`0.005` or `"2%"` as an Amount."""
    match written:
        case bool():
            raise ValueError("expected a number, or a percentage such as 2%")
        case int() | float():
            return Amount(value=float(written))
        case str() if found := _PERCENT.fullmatch(written):
            return Amount(value=float(found["number"]), percent=True)
        case Amount():
            return written
        case _:
            raise ValueError("expected a number, or a percentage such as 2%")


WrittenAmount = Annotated[Amount, BeforeValidator(parse_amount, json_schema_input_type=float | str)]


def check_environment_name(name: str) -> str:
    """An environment's name is also its registry alias and part of its tags."""
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise ValueError("expected lower-case letters, digits and dashes, at most 63, not starting with a dash")
    if _RESERVED_NAME.fullmatch(name):
        raise ValueError("the registry reserves latest and v<digits>; choose another name")
    return name


EnvironmentKey = Annotated[EnvironmentName, AfterValidator(check_environment_name)]


class MetricPolicy(Section):
    """How to judge a metric: which way is better, and how much of a difference is noise (in the metric's unit)."""

    goal: Annotated[Goal | None, Field(strict=False)] = None
    noise: Annotated[float, Field(ge=0)] = 0.0


class Gate(Section):
    """A rule a version must pass to enter an environment; at least one of the four limits is set."""

    metric: Annotated[str, Field(min_length=1)]
    min: float | None = None
    max: float | None = None
    max_drop: WrittenAmount | None = None
    max_rise: WrittenAmount | None = None
    against: Annotated[Baseline, Field(strict=False)] = Baseline.BASE
    level: Annotated[Level, Field(strict=False)] = Level.FAIL

    @model_validator(mode="after")
    def _has_limits_in_order(self) -> "Gate":
        if all(limit is None for limit in (self.min, self.max, self.max_drop, self.max_rise)):
            raise ValueError("a gate needs min, max, max-drop or max-rise")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is greater than max {self.max:g}")
        return self


class Deploy(BaseModel):
    """Which deployer serves an environment; what further keys it takes is the deployer's own matter."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    kind: Annotated[str, Field(min_length=1)]

    @property
    def settings(self) -> dict[str, Any]:
        """The deployer's own keys as written."""
        return dict(self.__pydantic_extra__ or {})


class Environment(Section):
    """Where versions run: the branch it follows, what comes before it, and what guards it."""

    branch: Annotated[str, Field(min_length=1)]
    after: EnvironmentName | None = None
    soak: Duration | None = None
    self_heal: bool = False
    gates: Annotated[tuple[Gate, ...], Field(strict=False)] = ()
    deploy: Deploy | None = None


class RegistryKind(StrEnum):
    """Where versions are registered; with none the log alone is kept."""

    MLFLOW = "mlflow"
    NONE = "none"


class RegistryChoice(Section):
    """Which registry the team uses; its address comes from the environment (MLFLOW_TRACKING_URI)."""

    kind: Annotated[RegistryKind, Field(strict=False)] = RegistryKind.MLFLOW


def default_environments() -> dict[EnvironmentName, Environment]:
    """Dev, staging and production on branches of the same names, in this order, without gates."""
    dev, staging, production = (EnvironmentName(name) for name in ("dev", "staging", "production"))
    return {
        dev: Environment(branch="dev"),
        staging: Environment(branch="staging", after=dev),
        production: Environment(branch="production", after=staging),
    }


class Config(Section):
    """The whole of `mlops.yaml`; every key but version may be left out."""

    version: Literal[1]
    metrics: dict[str, MetricPolicy] = Field(default_factory=dict)
    environments: dict[EnvironmentKey, Environment] = Field(default_factory=default_environments, min_length=1)
    registry: RegistryChoice = RegistryChoice()

    @model_validator(mode="after")
    def _environments_are_ordered(self) -> "Config":
        for name, environment in self.environments.items():
            if environment.after is not None and environment.after not in self.environments:
                raise ValueError(f"environments.{name}.after names {environment.after!r}, which is not an environment")
        _refuse_cycle(self.environments)
        return self

    def policy(self, file: str, key: str) -> MetricPolicy:
        """How to judge a metric: the first pattern that matches `file:key`, else `key`; else no goal."""
        for pattern, policy in self.metrics.items():
            if fnmatchcase(f"{file}:{key}", pattern) or fnmatchcase(key, pattern):
                return policy
        return MetricPolicy()


def _refuse_cycle(environments: dict[EnvironmentName, Environment]) -> None:
    for start in environments:
        seen = [start]
        while (after := environments[seen[-1]].after) is not None:
            if after in seen:
                raise ValueError(f"environments wait for each other: {' after '.join([*seen, after])}")
            seen.append(after)


def default_config() -> Config:
    """What holds where a repository has no `mlops.yaml`."""
    return Config(version=1)


def parse_config(data: bytes, *, file: str) -> Config:
    """The configuration that a file's bytes say; InvalidInputError with every problem, each with its line."""
    raise NotImplementedError
