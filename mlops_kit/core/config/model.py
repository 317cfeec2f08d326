"""The typed models of `mlops.yaml`; each field's description is what editors show and the reference prints."""

import math
import re
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mlops_kit.core.config.drift import DriftPolicy
from mlops_kit.core.config.durations import Duration
from mlops_kit.core.config.evaluation import EvaluationPolicy, ModelKey
from mlops_kit.core.config.guards import ApprovalPolicy, Freeze
from mlops_kit.core.config.names import Follower, check_environment_name, check_order
from mlops_kit.core.config.reader import BranchName, PromotionPolicy, ReaderKind, fill_in_branch, leave_out_branch
from mlops_kit.core.config.section import Section
from mlops_kit.core.config.training import TrainingPolicy
from mlops_kit.core.types import EnvironmentName

CONFIG_FILE = "mlops.yaml"
WHOLE = 100


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


_PERCENT = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?)\s*%")


def check_version(written: object) -> object:
    """Only the whole number passes; `true` and `1.0` are equal to it in Python, and not meant."""
    if type(written) is not int:
        raise ValueError("expected version: 1")
    return written


class Amount(BaseModel):
    """How far a metric may move: an absolute number, or a percentage of the baseline."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: Annotated[float, Field(ge=0)]
    percent: bool = False

    def __str__(self) -> str:
        """As it is written in the file."""
        return f"{self.value:g}%" if self.percent else f"{self.value:g}"


def parse_amount(written: object) -> object:
    """`0.005` or `"2%"` as an Amount; ValueError for everything else."""
    match written:
        case Amount():
            return written
        case str() if found := _PERCENT.fullmatch(written):
            return Amount(value=float(found["number"]), percent=True)
        case int() | float() if not isinstance(written, bool) and 0 <= written < math.inf:
            return Amount(value=float(written))
        case _:
            raise ValueError("expected a number that is not negative, or a percentage such as 2%")


NumberOrPercent = Annotated[float, Field(ge=0)] | Annotated[str, Field(pattern=r"^\d{1,9}(\.\d{1,9})?\s*%$")]
WrittenAmount = Annotated[Amount, BeforeValidator(parse_amount, json_schema_input_type=NumberOrPercent)]
EnvironmentKey = Annotated[
    EnvironmentName,
    AfterValidator(check_environment_name),
    Field(json_schema_extra={"pattern": r"^(?!latest$|v[0-9]+$)[a-z0-9][a-z0-9-]{0,62}$"}),
]


BundledModels = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False, min_length=1)]


class MetricPolicy(Section):
    """How to judge a metric."""

    goal: Annotated[
        Goal | None, Field(strict=False, description="Which way is better; left out: a change is neither.")
    ] = None
    noise: Annotated[
        float, Field(ge=0, description="A difference up to this, in the metric's unit, decides nothing.")
    ] = 0.0
    evaluation: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Paths, by pattern, that it is measured on; left out: guessed from dvc.yaml."),
    ] = ()


class Gate(Section):
    """A rule a version must pass to enter an environment; at least one of the four limits is set."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [limit]} for limit in ("min", "max", "max-drop", "max-rise")]}
    )

    metric: Annotated[
        str, Field(min_length=1, description="The metric's key, or file:key where several files have it.")
    ]
    min: Annotated[float | None, Field(description="The metric must be at least this.")] = None
    max: Annotated[float | None, Field(description="The metric must be at most this.")] = None
    max_drop: Annotated[
        WrittenAmount | None, Field(description="It may fall by at most this: a number, or a percentage such as 2%.")
    ] = None
    max_rise: Annotated[
        WrittenAmount | None, Field(description="It may rise by at most this: a number, or a percentage such as 2%.")
    ] = None
    against: Annotated[
        Baseline,
        Field(strict=False, description="What drop and rise are measured from: the merge base, or the live version."),
    ] = Baseline.BASE
    level: Annotated[Level, Field(strict=False, description="Whether a broken gate refuses or only warns.")] = (
        Level.FAIL
    )
    require_comparable: Annotated[
        bool, Field(description="Refuse where it was measured on other data, or by another script or seed.")
    ] = False

    @model_validator(mode="after")
    def _has_limits_in_order(self) -> "Gate":
        if all(limit is None for limit in (self.min, self.max, self.max_drop, self.max_rise)):
            raise ValueError("a gate needs min, max, max-drop or max-rise")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is greater than max {self.max:g}")
        return self


class Canary(Section):
    """A roll-out in steps: each leads more of the traffic to the new version, if it is healthy so far."""

    steps: Annotated[
        tuple[Annotated[int, Field(ge=1, le=100)], ...],
        Field(strict=False, min_length=1, description="Percentages of the traffic, rising; 100 is added at the end."),
    ]
    wait: Annotated[Duration, Field(validate_default=True, description="How long each step lasts: 90s, 30m, 24h.")] = (
        timedelta(minutes=5)
    )

    @model_validator(mode="after")
    def _rises(self) -> "Canary":
        if any(later <= earlier for earlier, later in pairwise(self.steps)):
            raise ValueError(f"steps must rise: {', '.join(map(str, self.steps))}")
        return self

    @property
    def shifts(self) -> tuple[int, ...]:
        """The steps before all of the traffic."""
        return tuple(step for step in self.steps if step < WHOLE)


class Deploy(BaseModel):
    """Which deployer serves an environment; what further keys it takes is the deployer's own matter."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    kind: Annotated[str, Field(min_length=1, description="The deployer's name; further keys are its own.")]
    canary: Annotated[Canary | None, Field(description="Roll out in steps; left out: all at once.")] = None
    patience: Annotated[
        Duration, Field(validate_default=True, description="How long the new version may take to become healthy.")
    ] = timedelta(minutes=10)
    url: Annotated[str, Field(description="Where the environment is reached, for boards; may be empty.")] = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The deployer's own keys as written."""
        return dict(self.__pydantic_extra__ or {})


class Environment(Section):
    """Where versions run: the branch it follows, what comes before it, and what guards it."""

    model_config = ConfigDict(json_schema_extra=leave_out_branch)

    branch: Annotated[BranchName, Field(description="The branch whose head says what should run here.")]
    after: Annotated[
        EnvironmentName | None, Field(description="The environment a version must have been live in before.")
    ] = None
    soak: Annotated[Duration | None, Field(description="How long it must have been live there: 90s, 30m, 24h, 7d.")] = (
        None
    )
    self_heal: Annotated[
        bool, Field(description="Whether reconcile puts back what was changed by hand; else it only reports.")
    ] = False
    gates: Annotated[tuple[Gate, ...], Field(strict=False, description="Rules that a version must pass to enter.")] = ()
    freeze: Annotated[
        tuple[Freeze, ...], Field(strict=False, description="When no new version enters; rollbacks and hotfixes do.")
    ] = ()
    approval: Annotated[
        ApprovalPolicy | None, Field(description="Who must approve a new version; left out: nobody is asked.")
    ] = None
    deploy: Annotated[Deploy | None, Field(description="What serves this environment; left out: nothing does.")] = None


class RegistryKind(StrEnum):
    """Where versions are registered; with none the log alone is kept."""

    MLFLOW = "mlflow"
    NONE = "none"


class RegistryChoice(Section):
    """Which registry the team uses; its address comes from the environment (MLFLOW_TRACKING_URI)."""

    kind: Annotated[
        RegistryKind, Field(strict=False, description="The registry; with none the promotion log alone is kept.")
    ] = RegistryKind.MLFLOW
    prefix: Annotated[
        str,
        Field(
            max_length=50,
            pattern=r"^[A-Za-z0-9_. -]*$",
            description="What the registered models' names begin with, where teams share a registry.",
        ),
    ] = ""


class LogChoice(Section):
    """How the promotion log is told to others."""

    gto: Annotated[
        bool, Field(description="Whether reconcile makes GTO's tags beside the log, for gto and dvc artifacts get.")
    ] = False


class TrackingKind(StrEnum):
    """Where reproduces are tracked."""

    MLFLOW = "mlflow"
    NONE = "none"


class TrackingChoice(Section):
    """How reproduces are tracked; only where MLFLOW_TRACKING_URI names a server or a database."""

    kind: Annotated[
        TrackingKind, Field(strict=False, description="What keeps the runs; with none nothing is tracked.")
    ] = TrackingKind.MLFLOW
    experiment: Annotated[
        str, Field(max_length=250, description="The experiment's name; left out: the repository's, or its folder's.")
    ] = ""


class Publisher(StrEnum):
    """What posts the report: the kit itself, or the `cml` program of a team that keeps it."""

    GITHUB = "github"
    CML = "cml"


class LockPolicy(StrEnum):
    """What becomes of a lock that the runner reproduced: a commit on the pull request's branch, or only a check."""

    PR_BRANCH = "pr-branch"
    NONE = "none"


class ReviewSection(Section):
    """Markdown of the team's own, shown in the report."""

    title: Annotated[str, Field(min_length=1, max_length=200, description="Its heading.")]
    file: Annotated[str, Field(min_length=1, description="The markdown file, from the repository's top.")]


class ReviewPolicy(Section):
    """How a pull request is reviewed."""

    publisher: Annotated[Publisher, Field(strict=False, description="What posts the report.")] = Publisher.GITHUB
    commit: Annotated[LockPolicy, Field(strict=False, description="What becomes of the lock that the runner made.")] = (
        LockPolicy.PR_BRANCH
    )
    pictures: Annotated[bool, Field(description="Whether plots are shown as pictures, kept on a branch.")] = True
    history: Annotated[
        int, Field(ge=0, le=100, description="How many commits of the base branch tell a metric's noise; 0: none.")
    ] = 10
    override_label: Annotated[
        str, Field(min_length=1, max_length=50, description="The label by which a refused commit is accepted.")
    ] = "mlops-kit-override"
    sections: Annotated[
        tuple[ReviewSection, ...], Field(strict=False, max_length=20, description="Markdown to add to the report.")
    ] = ()


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

    version: Annotated[
        Literal[1], BeforeValidator(check_version), Field(description="The version of this file's format.")
    ]
    metrics: Annotated[
        dict[str, MetricPolicy], Field(description="How to judge metrics, by pattern on file:key or key.")
    ] = Field(default_factory=dict)
    environments: Annotated[
        dict[EnvironmentKey, Environment],
        Field(
            min_length=1,
            description="Where models run, by name; left out: dev, staging and production.",
            json_schema_extra={"additionalProperties": False},
        ),
    ] = Field(default_factory=default_environments)
    registry: Annotated[RegistryChoice, Field(description="Where versions are registered.")] = RegistryChoice()
    log: Annotated[LogChoice, Field(description="What else tells the promotion log.")] = LogChoice()
    tracking: Annotated[TrackingChoice, Field(description="How reproduces are tracked.")] = TrackingChoice()
    promotion: Annotated[PromotionPolicy, Field(description="What holds for promotion in every environment.")] = (
        PromotionPolicy()
    )
    review: Annotated[ReviewPolicy, Field(description="How a pull request is reviewed, and by what.")] = ReviewPolicy()
    drift: Annotated[DriftPolicy, Field(description="When data counts as drifted.")] = DriftPolicy()
    training: Annotated[TrainingPolicy, Field(description="When a model is trained again.")] = TrainingPolicy()
    bundle: Annotated[
        dict[str, BundledModels], Field(description="Models, by the bundle's name, that enter together or not at all.")
    ] = Field(default_factory=dict)
    evaluate: Annotated[
        dict[ModelKey, EvaluationPolicy],
        Field(description="Models, by name, whose live version is scored beside the candidate, on the same data."),
    ] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _environments_follow_the_files(cls, written: object) -> object:
        return fill_in_branch(written, {"dev": {}, "staging": {"after": "dev"}, "production": {"after": "staging"}})

    @model_validator(mode="after")
    def _environments_are_ordered(self) -> "Config":
        followers = {
            str(name): Follower(branch=environment.branch, after=environment.after)
            for name, environment in self.environments.items()
        }
        shared = self.promotion.branch if self.promotion.reader is ReaderKind.PATH else None
        for wrong in check_order(followers, shared=shared):
            raise ValueError(f"environments.{wrong.environment}.{wrong.key}: {wrong.message}")
        return self

    def policy(self, file: str, key: str) -> MetricPolicy:
        """How to judge a metric: the first pattern that matches `file:key`, else `key`; else no goal."""
        for pattern, policy in self.metrics.items():
            if fnmatchcase(f"{file}:{key}", pattern) or fnmatchcase(key, pattern):
                return policy
        return MetricPolicy()


def default_config() -> Config:
    """What holds where a repository has no `mlops.yaml`."""
    return Config(version=1)
