"""The words of experiment tracking as values: what a tracked run says, and what is known of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

KEY_TAG = "mlops.key"
"""The tag by which a run is found again."""
DUPLICATE_TAG = "mlops.duplicate_of"
"""The tag of a run that stands beside the canonical one: its id."""


class RunStatus(StrEnum):
    """How far a run is, in MLflow's words."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


@dataclass(frozen=True, kw_only=True)
class RunData:
    """What is logged of a run, by name."""

    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: "RunData") -> "RunData":
        """Both, the other's where both have a name."""
        return RunData(
            params={**self.params, **other.params},
            metrics={**self.metrics, **other.metrics},
            tags={**self.tags, **other.tags},
        )


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """What a version comes from, for people who find it in the registry.

    `data` is what its commit measured and was set to, `commit_url` the commit's page, `description` a sentence.
    """

    data: RunData = field(default_factory=RunData)
    commit_url: str = ""
    description: str = ""


NO_LINEAGE = Lineage()


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a tracked run shall say; times in milliseconds since 1970.

    Two records of one `key` have the same `params`. `results` is what came out, and `circumstances` how: who ran it
    where, and how long it took.
    """

    experiment: str
    key: str
    name: str
    status: RunStatus
    began: int
    ended: int
    results: RunData
    circumstances: RunData

    @property
    def data(self) -> RunData:
        """Everything to log."""
        return self.results | self.circumstances


@dataclass(frozen=True, kw_only=True)
class RunAddress:
    """Where a run is: the tracker's own ids."""

    experiment_id: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class KnownRun:
    """A run as the tracker has it; `began` in milliseconds since 1970."""

    experiment_id: str
    run_id: str
    status: str
    began: int
    data: RunData = field(default_factory=RunData)

    @property
    def address(self) -> RunAddress:
        """Where it is."""
        return RunAddress(experiment_id=self.experiment_id, run_id=self.run_id)

    @property
    def rank(self) -> tuple[int, str]:
        """The order of the runs of one key: the first is canonical, for everybody who looks at the same runs."""
        return self.began, self.run_id


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What is checked out: the commit, the branch (empty where there is none), and whether files differ from it.

    What a run writes, lock files and outputs, is no difference.
    """

    commit: str
    branch: str = ""
    dirty: bool = False
