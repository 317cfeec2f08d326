"""What the team's own pipeline wrote, each text folded and made harmless."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import prose
from mlops_kit.core.render.sanitise import sanitise
from mlops_kit.core.review.report import Report


def section_blocks(report: Report, *, most: int) -> Iterator[Block]:
    """A folded part per section, none of which takes more than `most`."""
    for section in report.sections:
        if rows := sanitise(section.text):
            before = (f"<details><summary>{prose(section.title)}</summary>", "")
            after = ("", "</details>", "")
            yield Block(rank=Rank.SECTIONS, before=before, rows=rows, after=after, more="paragraphs", most=most)
