"""Words that all texts about promotion share: short digests, tables, one-line messages."""

from collections.abc import Iterable, Sequence

from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.text import align
from mlops_kit.core.types import Digest

NOTHING = "-"
MESSAGE_LIMIT = 1000
"""Characters of the longest message that is shown."""


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
    """A message on one line, without what a terminal would obey."""
    return clean(text, limit=MESSAGE_LIMIT)


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of left-aligned columns."""
    return list(align([header, *rows]))
