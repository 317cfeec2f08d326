"""The stage graph, folded."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.mermaid import Graph, render_graph
from mlops_kit.core.render.stage_nodes import stage_node
from mlops_kit.core.review.report import Report


def stage_graph_blocks(report: Report) -> Iterator[Block]:
    """The graph of a report's stages, with what changed or ran marked."""
    yield from graph_blocks(render_graph([stage_node(stage) for stage in report.stages]), rank=Rank.GRAPH)


def graph_blocks(graph: Graph, *, rank: int) -> Iterator[Block]:
    """The graph, folded, with the number of stages that are not in it."""
    note = (f"{graph.left_out} {'stage is' if graph.left_out == 1 else 'stages are'} left out.", "")
    about = note if graph.left_out else ()
    if graph.text:
        before = ("<details><summary>Stage graph</summary>", "", *about, "```mermaid", graph.text, "```", "")
        yield Block(rank=rank, before=(*before, "</details>", ""), more="the stage graph")
    elif about:
        yield Block(rank=rank, before=("The stage graph is too large to draw.", ""), more="the stage graph")
