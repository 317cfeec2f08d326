"""What could not be found out."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, prose
from mlops_kit.core.review.report import Report


def note_blocks(report: Report) -> Iterator[Block]:
    """A line per note."""
    if report.notes:
        rows = tuple(f"- {prose(note, limit=MESSAGE_LIMIT)}" for note in report.notes)
        yield Block(rank=Rank.NOTES, before=("### Notes", ""), rows=rows, after=("",), more="notes")
