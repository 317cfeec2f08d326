"""What could not be found out."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, prose
from mlops_kit.core.render.values import count
from mlops_kit.core.render.verdict import notes_decide
from mlops_kit.core.review.report import Report


def note_blocks(report: Report) -> Iterator[Block]:
    """A line per note; folded, but where the verdict rests on them."""
    rows = tuple(f"- {prose(note, limit=MESSAGE_LIMIT)}" for note in report.notes)
    if not rows:
        return
    if notes_decide(report):
        yield Block(rank=Rank.GATES, before=("#### Notes", ""), rows=rows, after=("",), more="notes")
    else:
        before = (f"<details><summary>{count(rows, 'note')}</summary>", "")
        yield Block(rank=Rank.NOTES, before=before, rows=rows, after=("", "</details>", ""), more="notes")
