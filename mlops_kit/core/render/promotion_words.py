"""Words that all texts about promotion share: short digests, tables, safe cells."""

from collections.abc import Iterable, Sequence
from html import escape

from mlops_kit.core.types import Digest

NOTHING = "-"


def short_digest(text: str | None) -> str:
    """`md5:1a2b3c4d` for a digest, a dash for nothing, and any other text as it is."""
    if not text:
        return NOTHING
    try:
        digest = Digest.parse(text)
    except ValueError:
        return text
    return f"{digest.algorithm}:{digest.short}"


def printable(text: str) -> str:
    """The text without what a terminal would obey: control characters become question marks."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of left-aligned columns, two spaces apart."""
    cells = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def markdown_code(text: str) -> str:
    """The text as code in a cell of a markdown table, whatever it holds."""
    return f"<code>{escape(printable(text)).replace('|', '&#124;').replace('`', '&#96;').replace('@', '&#64;')}</code>"
