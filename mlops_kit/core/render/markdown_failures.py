"""Stages that failed, and what waited for them."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.reasons import show_duration
from mlops_kit.core.review.changes import StageRow
from mlops_kit.core.review.report import Report
from mlops_kit.core.run import StageState

_NAMED = 10


def failure_blocks(report: Report) -> Iterator[Block]:
    """A line per failed stage, and one for those that were skipped because of them."""
    failed = [stage for stage in report.stages if stage.state == StageState.FAILED]
    skipped = [stage for stage in report.stages if stage.state == StageState.SKIPPED]
    if failed:
        rows = (*map(_line, failed), *([_skipped(skipped)] if skipped else []))
        yield Block(rank=Rank.FAILURES, before=("#### What failed", ""), rows=rows, after=("",), more="failed stages")


def _line(stage: StageRow) -> str:
    after = f" after {show_duration(stage.seconds)}" if stage.seconds else ""
    why = f": {prose(stage.message, limit=MESSAGE_LIMIT)}" if stage.message else ""
    return f"- ❌ {cell(stage.name)} failed{after}{why}"


def _skipped(stages: list[StageRow]) -> str:
    names = ", ".join(cell(stage.name) for stage in stages[:_NAMED])
    more = f" and {len(stages) - _NAMED} more" if stages[_NAMED:] else ""
    return f"- Not run because of that: {names}{more}"
