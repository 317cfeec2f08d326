"""Reads how metrics came out before on a branch's own line of commits, from git objects alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.commands.facts import CommitTree, project_of
from mlops_kit.core.config import Config
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.values import metric_values, parse_values
from mlops_kit.core.ports import Git
from mlops_kit.core.review.comparability import concerns, find_obstacles
from mlops_kit.core.review.lookup import MetricName
from mlops_kit.core.review.measurement import Measuring, index_measuring
from mlops_kit.core.review.metrics import MetricFile, is_finite, is_number
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Values by metric, the oldest first, each measured anew; and how many commits could not be read."""

    values: Mapping[MetricName, tuple[float, ...]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Past:
    project: Project
    metrics: tuple[MetricFile, ...]


def read_samples(git: Git, config: Config, commit: CommitSha) -> Samples:
    """What was measured in the same way as at a commit, in it and before it, as far back as the policy looks.

    A commit whose lock has the same entry as another's for what writes a metric measured nothing anew.
    """
    try:
        line = git.list_first_parents(commit, limit=config.review.history)
    except KitError as error:
        return Samples(values={}, notes=(f"the history of {commit[:8]} could not be read: {error}",))
    past = [_read(git, one) for one in line]
    unreadable = past.count(None)
    notes = (f"{unreadable} of the last {len(line)} commits could not be read for their metrics",) if unreadable else ()
    if not past or past[0] is None:
        return Samples(values={}, notes=notes)
    found: dict[MetricName, dict[object, float]] = {}
    for one in past:
        for name, trace, value in _comparable(one, past[0], config) if one else ():
            found.setdefault(name, {}).setdefault(trace, value)
    return Samples(values={name: tuple(reversed(values.values())) for name, values in found.items()}, notes=notes)


def _read(git: Git, commit: CommitSha) -> _Past | None:
    try:
        tree = CommitTree(git=git, commit=commit)
        project = project_of(tree)
        files = tree.read_files(project.metric_files)
        read = (metric_values(path, parse_values(data, path=path)) for path, data in files.items())
        return _Past(project=project, metrics=tuple(read))
    except KitError:
        return None


def _comparable(one: _Past, base: _Past, config: Config) -> Iterator[tuple[MetricName, object, float]]:
    obstacles = find_obstacles(base.project, one.project, config, metrics=one.metrics)
    index = index_measuring(one.project)
    for file in one.metrics:
        trace = _trace(index, file)
        for key, value in file.values.items():
            name = (file.path, key)
            hindered = any(concerns(row, config, name) for row in obstacles)
            if isinstance(value, int | float) and is_number(value) and is_finite(value) and not hindered:
                yield name, trace, value


def _trace(index: Measuring, file: MetricFile) -> object:
    """What tells one measurement from another: the writer's lock entry; the values where no stage writes the file."""
    writer = index.find_writer(file.path)
    if writer is None or writer.locked_command is None:
        return repr(sorted(file.values.items(), key=repr))
    return repr(
        (
            writer.locked_command,
            sorted((found.path, str(found.digest)) for found in writer.dependencies),
            sorted((found.path, str(found.digest)) for found in writer.outputs),
            sorted((found.file, repr(found.locked)) for found in writer.params),
        )
    )
