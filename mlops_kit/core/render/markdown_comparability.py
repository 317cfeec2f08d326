"""Which metrics cannot be compared, because they were not measured in the same way."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import cell
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.report import Report

_HOW = {
    Obstacle.DATA: "measured on other data",
    Obstacle.SCRIPT: "measured by another script",
    Obstacle.SEED: "measured with another seed",
}
_NAMED = 3


def comparability_blocks(report: Report) -> Iterator[Block]:
    """A line per metrics file and reason."""
    rows = tuple(_line(key, tuple(group)) for key, group in groupby(sorted(report.obstacles, key=_key), key=_key))
    if rows:
        yield Block(
            rank=Rank.COMPARABILITY, before=("#### ⚠️ Not comparable", ""), rows=rows, after=("",), more="warnings"
        )


def _key(row: ObstacleRow) -> tuple[str, str, Obstacle]:
    return row.against, row.path, row.kind


def _line(key: tuple[str, str, Obstacle], rows: tuple[ObstacleRow, ...]) -> str:
    against, path, kind = key
    side = "what is live" if against == "live" else "base"
    return f"- {cell(path)} with {side}: {_HOW[kind]} ({_names(rows)})"


def _names(rows: tuple[ObstacleRow, ...]) -> str:
    more = [f"and {len(rows) - _NAMED} more"] if rows[_NAMED:] else []
    return ", ".join([*map(_move, rows[:_NAMED]), *more])


def _move(row: ObstacleRow) -> str:
    if not row.old or not row.new:
        return f"{cell(row.name)} is {'gone' if row.old else 'new'}"
    return f"{cell(row.name)} {cell(_short(row.old))} → {cell(_short(row.new))}"


def _short(text: str) -> str:
    """A digest by its first characters, a seed as it is."""
    return show_digest(text).rpartition(":")[2] or text


def paths_of(obstacles: Iterable[ObstacleRow]) -> frozenset[str]:
    """The metrics files that cannot be compared with base."""
    return frozenset(row.path for row in obstacles if row.against == "base")
