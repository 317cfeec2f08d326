"""Whether a metric's values in base and head were measured in the same way: same data, same script, same seed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mlops_kit.core.config import Config
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.cells import STRICT, Text, clip
from mlops_kit.core.review.measurement import Measurement, Measuring, fits, index_measuring
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import Digest

Against = Literal["base", "live"]


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
    against: Against = "base"

    __pydantic_config__ = STRICT


_NOUNS = {Obstacle.DATA: "test data", Obstacle.SCRIPT: "evaluation script", Obstacle.SEED: "seed"}


def find_obstacles(
    base: Project, head: Project, config: Config, *, metrics: Iterable[MetricFile], against: Against = "base"
) -> tuple[ObstacleRow, ...]:
    """Why head's metrics are not to be compared with those of the other side, sorted by metrics file.

    `metrics` are head's files. What no stage writes, or only one side has, has no obstacle; nor has what the lock gives
    no digest for. A digest is a digest: a file that was only formatted anew is another file.
    """
    old, new = index_measuring(base), index_measuring(head)
    found = {row for file in metrics for row in _find(old, new, file, config, against)}
    return tuple(sorted(found, key=lambda row: (row.path, row.kind, row.name)))


def concerns(row: ObstacleRow, config: Config, name: tuple[str, str]) -> bool:
    """Whether an obstacle is one for this metric: of its file, and of the data that its policy names."""
    path, key = name
    if row.path != clip(path):
        return False
    patterns = config.policy(path, key).evaluation
    return row.kind is not Obstacle.DATA or not patterns or any(fits(row.name, pattern) for pattern in patterns)


def describe_obstacle(row: ObstacleRow) -> str:
    """`test data changed data/test.csv 1a2b3c4d → 9f8e7d6c`."""
    noun = _NOUNS[row.kind]
    if bool(row.old) is not bool(row.new):
        return f"{noun} {'added' if row.new else 'removed'} {row.name}"
    if not row.old:
        return f"{noun} changed {row.name}"
    old, new = (row.old, row.new) if row.kind is Obstacle.SEED else (_short(row.old), _short(row.new))
    return f"{noun} changed {row.name} {old} → {new}"


def _find(old: Measuring, new: Measuring, file: MetricFile, config: Config, against: Against) -> Iterator[ObstacleRow]:
    writer = new.find_writer(file.path)
    if writer is None:
        return
    before = old.find_writer(file.path) or old.stages.get(writer.name)
    if before is None:
        return
    policies = {config.policy(file.path, key).evaluation for key in (*file.values, *file.dropped)} or {()}
    for patterns in policies:
        one, other = old.measure(before, patterns), new.measure(writer, patterns)
        for kind, name, was, becomes in _differences(one, other):
            yield ObstacleRow(
                path=clip(file.path),
                stage=clip(writer.name),
                kind=kind,
                name=clip(name),
                old=clip(was),
                new=clip(becomes),
                against=against,
            )


def _differences(old: Measurement, new: Measurement) -> Iterator[tuple[Obstacle, str, str, str]]:
    under_test = old.under_test | new.under_test
    yield from _digests(Obstacle.DATA, _without(old.data, under_test), _without(new.data, under_test))
    yield from _digests(Obstacle.SCRIPT, _without(old.scripts, under_test), _without(new.scripts, under_test))
    before, after = old.seeds, new.seeds
    if before is not None and after is not None:
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield Obstacle.SEED, name, _text(before.get(name)), _text(after.get(name))


def _digests(
    kind: Obstacle, old: Mapping[str, Digest | None], new: Mapping[str, Digest | None]
) -> Iterator[tuple[Obstacle, str, str, str]]:
    """Paths with other bytes; the value alone counts, for DVC 3 names the same hash of the same file differently."""
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        lost = (path in old) is not (path in new)
        if lost or (before and after and before.value != after.value):
            yield kind, path, str(before or ""), str(after or "")


def _without(paths: Mapping[str, Digest | None], under_test: frozenset[str]) -> Mapping[str, Digest | None]:
    return {path: digest for path, digest in paths.items() if path not in under_test}


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _short(text: str) -> str:
    try:
        return Digest.parse(text).short
    except ValueError:
        return text
