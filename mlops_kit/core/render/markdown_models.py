"""Models by their digests in base and head."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import cell
from mlops_kit.core.render.markdown_table import folded, table
from mlops_kit.core.render.values import count, show_digest
from mlops_kit.core.review.changes import ModelRow
from mlops_kit.core.review.report import Report

_HEAD = ("| model | base | head | |", "|:--|:--|:--|:--|")


def model_blocks(report: Report) -> Iterator[Block]:
    """A row per model whose bytes differ."""
    rows = _rows(model for model in report.models if model.old != model.new)
    if rows:
        yield table(Rank.MODELS, "#### Models", _HEAD, rows, more="models")


def same_model_blocks(report: Report) -> Iterator[Block]:
    """The models whose bytes are the same, folded."""
    rows = _rows(model for model in report.models if model.old == model.new)
    if rows:
        title = f"{count(rows, 'model')} did not change"
        yield folded(Rank.SAME_METRICS, title, _HEAD, rows, more="unchanged models")


def _rows(models: Iterable[ModelRow]) -> tuple[str, ...]:
    return tuple(
        f"| {cell(model.name)} | {_digest(model.old)} | {_digest(model.new)} | {_word(model)} |" for model in models
    )


def _digest(text: str) -> str:
    return cell(show_digest(text)) if text else ""


def _word(model: ModelRow) -> str:
    if not model.new:
        return "no bytes in head" if model.old else "no bytes yet"
    if model.old == model.new:
        return "same bytes"
    return "new bytes" if model.old else "new"
