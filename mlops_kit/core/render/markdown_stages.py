"""Stages that changed or ran; the quiet ones, folded."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import cell, prose
from mlops_kit.core.render.markdown_table import folded, table
from mlops_kit.core.render.values import count, show_usage
from mlops_kit.core.review.changes import StageRow
from mlops_kit.core.review.report import Report
from mlops_kit.core.run import StageState

_HEAD = ("| stage | change | last run | seconds | used |", "|:--|:--|:--|--:|:--|")


def stage_blocks(report: Report) -> Iterator[Block]:
    """A row per stage that changed, or that the last run did not take from the cache."""
    rows = _rows(stage for stage in report.stages if _is_loud(stage))
    if rows:
        yield table(Rank.STAGES, "#### Stages", _HEAD, rows, more="stages")


def quiet_stage_blocks(report: Report) -> Iterator[Block]:
    """The other stages, folded."""
    rows = _rows(stage for stage in report.stages if not _is_loud(stage))
    if rows:
        yield folded(Rank.QUIET_STAGES, f"{count(rows, 'stage')} did not change", _HEAD, rows, more="unchanged stages")


def _is_loud(stage: StageRow) -> bool:
    return bool(stage.change) or stage.state not in {"", "cached"}


def _rows(stages: Iterable[StageRow]) -> tuple[str, ...]:
    return tuple(
        f"| {cell(stage.name)} | {stage.change} | {_run(stage)} | {_seconds(stage)} | {_used(stage)} |"
        for stage in stages
    )


def _run(stage: StageRow) -> str:
    if stage.state == StageState.FAILED:
        return "❌ failed"
    state = prose(stage.state)
    return f"{state}: {prose(stage.message)}" if stage.message else state


def _seconds(stage: StageRow) -> str:
    return f"{stage.seconds:.1f}" if stage.seconds else ""


def _used(stage: StageRow) -> str:
    return show_usage(stage.cpu_seconds, stage.memory_bytes, stage.gpu_memory_bytes)
