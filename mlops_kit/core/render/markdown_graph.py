"""The stage graph, folded."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.mermaid import Graph, Mark, Node, render_graph
from mlops_kit.core.review.changes import StageRow
from mlops_kit.core.review.report import Report
from mlops_kit.core.run import StageState


def stage_graph_blocks(report: Report) -> Iterator[Block]:
    """The graph of a report's stages, with what changed or ran marked."""
    yield from graph_blocks(render_graph([_node(stage) for stage in report.stages]), rank=Rank.GRAPH)


def graph_blocks(graph: Graph, *, rank: int) -> Iterator[Block]:
    """The graph, folded, with the number of stages that are not in it."""
    note = (f"{graph.left_out} {'stage is' if graph.left_out == 1 else 'stages are'} left out.", "")
    about = note if graph.left_out else ()
    if graph.text:
        before = ("<details><summary>Stage graph</summary>", "", *about, "```mermaid", graph.text, "```", "")
        yield Block(rank=rank, before=(*before, "</details>", ""), more="the stage graph")
    elif about:
        yield Block(rank=rank, before=("The stage graph is too large to draw.", ""), more="the stage graph")


def _node(stage: StageRow) -> Node:
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
