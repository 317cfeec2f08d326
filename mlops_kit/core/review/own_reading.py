"""What a judge read itself, and what it makes of the report's values of base. Values only.

Git's word holds wherever it has one. What git cannot tell, such as a metric that only a DVC cache has, is taken from
the report where that is of the same base.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlops_kit.core.config import Config
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.comparability import ObstacleRow, find_obstacles
from mlops_kit.core.review.live import LiveMetrics
from mlops_kit.core.review.lookup import MetricName
from mlops_kit.core.review.metrics import MetricFile, MetricRow, Trend, compare_values
from mlops_kit.core.review.report import Report
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class OwnReading:
    """Base as git has it. Without `base` nothing was read, and the report is all there is.

    `base_is_claimed` says that the report is of this base too. `files` is None where base has no pipeline; those that
    git does not keep are `unseen`, and unless `complete` there may be more. `error` says why base could not be read.
    `head` is None where the clone does not have it. `history` has the values measured before, by metric.
    """

    base: CommitSha | None = None
    base_is_claimed: bool = True
    files: tuple[MetricFile, ...] | None = None
    unseen: frozenset[str] = frozenset()
    complete: bool = False
    project: Project | None = None
    head: Project | None = None
    history: Mapping[MetricName, Sequence[float]] = field(default_factory=dict)
    error: str = ""
    notes: tuple[str, ...] = ()


def reported_files(rows: Iterable[MetricRow], side: str) -> Iterator[MetricFile]:
    """The metric files of one side; a file of which the report could not read a value is unreadable."""
    known: dict[str, dict[str, Value]] = {}
    broken = set()
    for row in rows:
        value = row.old if side == "old" else row.new
        known.setdefault(row.path, {})
        if value is not None:
            known[row.path][row.key] = value
        elif row.trend is Trend.UNREADABLE:
            broken.add(row.path)
    for path, values in known.items():
        error = "the report could not read it" if path in broken else ""
        yield MetricFile(path=path, values={} if error else values, error=error)


def base_files(report: Report, own: OwnReading) -> tuple[MetricFile, ...]:
    """Base's metric files, sorted: git's where it can read them, else the report's where they can be believed."""
    told = {file.path: file for file in reported_files(report.metrics, "old")} if own.base_is_claimed else {}
    if own.files is None:
        return tuple(told.values())
    read = {clip(file.path): file for file in own.files}
    silent = {clip(file.path) for file in own.files if file.error and file.path in own.unseen} & told.keys()
    unheard = {path for path in told if path not in read and not own.complete}
    chosen = {**read, **{path: told[path] for path in silent | unheard}}
    return tuple(chosen[path] for path in sorted(chosen))


def judge_rows(rows: Iterable[MetricRow], base: Iterable[MetricFile], config: Config) -> tuple[MetricRow, ...]:
    """The rows with base's own values, and with the goals and trends that follow from them by this policy."""
    files = {clip(file.path): file for file in base}
    return tuple(_judge_row(row, files.get(row.path), config) for row in rows)


def join_obstacles(report: Report, own: OwnReading, live: LiveMetrics, config: Config) -> tuple[ObstacleRow, ...]:
    """The report's obstacles and those that git shows, sorted: more can only make an answer worse."""
    found = set(report.obstacles)
    metrics = tuple(reported_files(report.metrics, "new"))
    if own.head and own.project:
        found |= set(find_obstacles(own.project, own.head, config, metrics=metrics))
    if own.head and own.base and not live.is_commit(own.base):
        found |= set(live.find_obstacles(own.head, config, metrics=metrics))
    return tuple(sorted(found, key=lambda row: (row.against, row.path, row.kind, row.name, row.old, row.new)))


def tell_differences(report: Report, rows: Iterable[MetricRow], own: OwnReading) -> Iterator[str]:
    """What the report says of base that is not so."""
    if own.base and not own.base_is_claimed:
        told = report.base.commit[:8] or "nothing"
        yield f"the report compares with {told}, no commit of the base branch since: judged against {own.base[:8]}"
    changed = sum(one.old != other.old for one, other in zip(report.metrics, rows, strict=True))
    if changed:
        yield f"{changed} values of base are shown as git has them, not as the report does"


def _judge_row(row: MetricRow, file: MetricFile | None, config: Config) -> MetricRow:
    if file is not None and file.error:
        return replace(row, old=None, diff=None, live=None, trend=Trend.UNREADABLE)
    old = file.values.get(row.key) if file else None
    judged = compare_values(row.path, row.key, old, row.new, config)
    keeps = row.trend is Trend.UNREADABLE or (row.trend is Trend.NON_FINITE and isinstance(row.new, str))
    return replace(judged, trend=row.trend) if keeps else judged
