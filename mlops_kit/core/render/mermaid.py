"""The stage graph as mermaid: ids are generated, labels escaped, changed and failed stages marked."""

from collections.abc import Sequence

from mlops_kit.core.render.escape import label
from mlops_kit.core.review.changes import StageRow

STAGE_LIMIT = 60
"""Stages of the largest graph that is still readable."""
_CLASSES = (
    "classDef changed stroke:#bf8700,stroke-width:3px",
    "classDef failed stroke:#cf222e,stroke-width:4px",
    "classDef removed stroke-dasharray:4",
)


def render_graph(stages: Sequence[StageRow]) -> str:
    """A flowchart of the stages, empty where there are none, too many, or no edges."""
    if not 2 <= len(stages) <= STAGE_LIMIT or not any(stage.after for stage in stages):
        return ""
    ids = {stage.name: f"n{number}" for number, stage in enumerate(stages, start=1)}
    nodes = [f'    {ids[stage.name]}["{_label(stage)}"]{_mark(stage)}' for stage in stages]
    edges = [f"    {ids[source]} --> {ids[stage.name]}" for stage in stages for source in stage.after if source in ids]
    return "\n".join(["flowchart LR", *nodes, *edges, *(f"    {line}" for line in _CLASSES)])


def _label(stage: StageRow) -> str:
    word = stage.state if stage.state in {"failed", "skipped"} else stage.change
    return f"{label(stage.name)}<br/>{label(word)}" if word else label(stage.name)


def _mark(stage: StageRow) -> str:
    if stage.state == "failed":
        return ":::failed"
    if stage.change == "removed":
        return ":::removed"
    return ":::changed" if stage.change else ""
