"""Words that all texts about promotion share: short digests, tables, one-line messages."""

from collections.abc import Iterable, Sequence

from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, clean
from mlops_kit.core.render.text import align
from mlops_kit.core.render.values import show_digest

NOTHING = "-"


def short_digest(text: str | None) -> str:
    """`md5:1a2b3c4d` for a digest, a dash for nothing, and any other text as it is."""
    return show_digest(text or "", missing=NOTHING)


def printable(text: str) -> str:
    """A message on one line, without what a terminal would obey."""
    return clean(text, limit=MESSAGE_LIMIT)


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of left-aligned columns."""
    return list(align([header, *rows]))


def render_markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a markdown table; every cell is shown as the characters that it is."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return lines + [f"| {' | '.join(map(cell, row))} |" for row in rows]
