"""Stages of a report as nodes of a graph, whatever draws it."""

from mlops_kit.core.render.mermaid import Mark, Node
from mlops_kit.core.review.changes import StageRow
from mlops_kit.core.run import StageState


def stage_node(stage: StageRow) -> Node:
    """The stage of a report as a drawing shows it: what the last run or the change did to it."""
    return Node(name=stage.name, word=_word(stage), mark=_mark(stage), after=stage.after)


def _word(stage: StageRow) -> str:
    ran = stage.state if stage.state in {"failed", "skipped"} else ""
    return ran or stage.change or (stage.state if stage.state != StageState.CACHED else "")


def _mark(stage: StageRow) -> Mark:
    if stage.state == StageState.FAILED:
        return Mark.FAILED
    if stage.change == "removed":
        return Mark.REMOVED
    if stage.state == StageState.SKIPPED:
        return Mark.SKIPPED
    if stage.change:
        return Mark.CHANGED
    return Mark.RAN if stage.state == StageState.RAN else Mark.NONE
