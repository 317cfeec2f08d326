"""The live model and the candidate on the same data: a table for each model that was scored."""

from collections.abc import Iterable, Iterator, Mapping

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
    yield from _blocks(report.evaluations)


def evaluations_markdown(evaluations: Iterable[Evaluation], *, skipped: Mapping[str, str]) -> str:
    """The same for the page of one run, with the models that were not scored."""
    blocks = ((*block.before, *block.rows, *block.after) for block in _blocks(evaluations))
    left = (f"{cell(name)} is not scored: {prose(why, limit=MESSAGE_LIMIT)}\n" for name, why in skipped.items())
    return "\n".join([*("\n".join(lines) for lines in blocks), *left]).rstrip() or "Nothing to evaluate."


def _blocks(evaluations: Iterable[Evaluation]) -> Iterator[Block]:
    for found in evaluations:
        yield table(Rank.METRICS, _title(found), _HEAD, tuple(map(_row, found.scores)), more="scores")
        if notes := tuple(f"- {prose(note, limit=MESSAGE_LIMIT)}" for note in found.notes):
            yield Block(rank=Rank.METRICS, rows=notes, after=("",), more="remarks on scores")


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
