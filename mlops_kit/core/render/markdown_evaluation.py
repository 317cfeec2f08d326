"""The live model and the candidate on the same data: a table for each model that was scored."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, figure, prose
from mlops_kit.core.render.evaluation_words import show_change, show_interval, show_rows
from mlops_kit.core.render.markdown_table import table, value_cell
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.review.evaluation import Evaluation, ScoreRow
from mlops_kit.core.review.report import Report

_HEAD = ("| metric | live | candidate | change | 95 % interval | rows |", "|:--|--:|--:|--:|:--:|--:|")
_NAMED = 3


def evaluation_blocks(report: Report) -> Iterator[Block]:
    """A table for each model, and what could not be compared row by row."""
    for found in report.evaluations:
        yield table(Rank.METRICS, _title(found), _HEAD, tuple(map(_row, found.scores)), more="scores")
        if notes := tuple(f"- {prose(note, limit=MESSAGE_LIMIT)}" for note in found.notes):
            yield Block(rank=Rank.METRICS, rows=notes, after=("",), more="remarks on scores")


def evaluations_markdown(evaluations: tuple[Evaluation, ...]) -> str:
    """The same for the page of one run."""
    return "\n\n".join("\n".join([_title(one), "", *_HEAD, *map(_row, one.scores)]) for one in evaluations)


def _title(found: Evaluation) -> str:
    live, candidate = cell(show_digest(found.live)), cell(show_digest(found.candidate))
    named = ", ".join(cell(one.path) for one in found.inputs[:_NAMED])
    more = f" and {len(found.inputs) - _NAMED} more" if found.inputs[_NAMED:] else ""
    data = f", both scored with {named}{more}" if named else ""
    told = f"Live {live}, candidate {candidate}{data}."
    return f"#### {cell(found.model)} against what is live, on the same data\n\n{told}"


def _row(row: ScoreRow) -> str:
    parts = (
        cell(row.key),
        value_cell(row.live),
        value_cell(row.candidate),
        figure(show_change(row)),
        show_interval(row),
        show_rows(row),
    )
    return f"| {' | '.join(parts)} |"
