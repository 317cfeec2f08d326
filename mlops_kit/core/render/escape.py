"""Foreign text made harmless: for GitHub markdown, for mermaid, for a terminal.

Names, values and messages of a pull request are a stranger's. None may become a mention, a link, markup, or a
control sequence; each is shown as the characters that it is.
"""

import re
import unicodedata

CELL_LIMIT = 200
MESSAGE_LIMIT = 1000
"""Characters of the longest name or value, and of the longest message, that is shown."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_KEPT_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_NOT_IN_XML = re.compile("[\ufffe\uffff]")
_LABEL_UNSAFE = re.compile(r"^[-\d]|[^\w ./@-]")


def clean(text: str, *, limit: int = CELL_LIMIT) -> str:
    """One line without control, direction or private characters, cut with its length where it is longer."""
    shown = text if len(text) <= limit else text[: limit - 1]
    line = "".join(_REPLACEMENT if unicodedata.category(char) in _KEPT_CATEGORIES else char for char in shown)
    return line if len(text) <= limit else f"{line}… ({len(text)} characters)"


def cell(text: str) -> str:
    """A foreign text as a code span for a table or a line of GitHub markdown; nothing in it is interpreted."""
    return f"<code>{prose(text)}</code>" if text else ""


def prose(text: str, *, limit: int = CELL_LIMIT) -> str:
    """A foreign sentence for markdown, all punctuation as character references."""
    return _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", clean(text, limit=limit))


def drawn(text: str, *, limit: int) -> str:
    """A foreign text for a drawing: one line, without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub(_REPLACEMENT, clean(text, limit=limit))


def label(text: str) -> str:
    """A foreign text for a quoted mermaid label: other characters become mermaid's own references.

    So does a dash or digit at its start, which mermaid takes for a list, and a colon, which it takes for a style.
    """
    return _LABEL_UNSAFE.sub(lambda found: f"#{ord(found[0])};", clean(text, limit=60))
