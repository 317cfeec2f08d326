"""Models by their digests in base and head."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import cell
from mlops_kit.core.render.markdown_table import table
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.review.changes import ModelRow
from mlops_kit.core.review.report import Report


def model_blocks(report: Report) -> Iterator[Block]:
    """A row per model."""
    rows = tuple(
        f"| {cell(model.name)} | {cell(show_digest(model.old))} | {cell(show_digest(model.new))} | {_word(model)} |"
        for model in report.models
    )
    if rows:
        yield table(Rank.MODELS, "### Models", ("| model | base | head | |", "|:--|:--|:--|:--|"), rows, more="models")


def _word(model: ModelRow) -> str:
    if not model.new:
        return "no bytes in head"
    if model.old == model.new:
        return "same bytes"
    return "new bytes" if model.old else "new"
