"""What an environment runs, as a review compares with it: metrics, and how they were measured. Values only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mlops_kit.core.config import Config
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.review.comparability import ObstacleRow, find_obstacles
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.review.report import Side
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName


@dataclass(frozen=True, kw_only=True)
class LivePart:
    """The project of a live commit, and the metrics files that are read there."""

    project: Project
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LiveMetrics:
    """The metrics of what an environment runs; `files` is None where nothing is live, `error` why they are unknown.

    `commit` is None where the models that are live come from several, one of `parts` for each. `digests` are the
    versions that are live, known also where their metrics are not.
    """

    files: tuple[MetricFile, ...] | None = None
    commit: CommitSha | None = None
    parts: tuple[LivePart, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()
    digests: Mapping[ModelName, Digest] = field(default_factory=dict)

    def is_commit(self, commit: str) -> bool:
        """Whether what is live is exactly this commit."""
        return self.commit is not None and self.commit == commit

    def find_obstacles(
        self, head: Project, config: Config, *, metrics: Iterable[MetricFile]
    ) -> tuple[ObstacleRow, ...]:
        """Why metrics of head are not to be compared with what is live."""
        known = tuple(metrics)
        return tuple(
            row
            for part in self.parts
            for row in find_obstacles(part.project, head, config, metrics=known, against="live")
            if row.path in part.paths or row.path not in {path for other in self.parts for path in other.paths}
        )


def live_side(live: LiveMetrics, environment: EnvironmentName, base: str) -> Side | None:
    """What is live as a report names it; None where nothing is, or where it is base."""
    if live.files is None or live.is_commit(base):
        return None
    return Side(name=f"live in {environment}", commit=live.commit or "")


def with_live_obstacles(rows: Iterable[ObstacleRow], live: LiveMetrics, base: str) -> tuple[ObstacleRow, ...]:
    """The obstacles as gates ask for them: where base is what is live, those of base hold for both."""
    known = tuple(rows)
    if not live.is_commit(base):
        return known
    return tuple(dict.fromkeys((*known, *(replace(row, against="live") for row in known))))
