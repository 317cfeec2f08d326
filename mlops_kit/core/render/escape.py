"""Foreign text made harmless: for GitHub markdown, for mermaid, for a terminal.

Names, values and messages of a pull request are a stranger's. None may become a mention, a link, markup, or a
control sequence; each is shown as the characters that it is.

GitHub reads a text twice. To the markdown parser a character reference is never punctuation. What comes after it looks
at the text of the page, where a reference is a character again, for mentions, issues, commits, emoji and addresses; it
leaves code alone and finds nothing across a tag, so `<wbr>`, which shows as nothing, keeps the halves apart.
"""

import re
import unicodedata

CELL_LIMIT = 200
MESSAGE_LIMIT = 1000
"""Characters of the longest name or value, and of the longest message, that is shown."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_UNSAFE = re.compile(r"[!-/:-@\[-`{-~]|^\s+|\s+$")
_HARMLESS = re.compile(r"[(%]|(?<=[^\W_])(?:[./_-](?=[^\W_])|[,:;](?= |$))|(?<=[^\W\d_])(?:\)|\.(?= |$))")
"""Punctuation that means nothing to markdown where it stands; written plainly, so that people can read the source."""
_REFERENCE = re.compile(r"(?i)(?<=www)\.|(?<=[a-z])-(?=\d)|(?<=ghsa)-|[:@#](?=\S)|\$|[0-9a-f]{6}(?=[0-9a-f])")
"""What an address, an issue, a mention, an emoji, a formula or a commit's name begins with."""
_ADDRESS = re.compile(r"(?i)(?<=www)\.|@")
"""What GitHub links within code, too."""
_COMMIT = re.compile(r"[0-9a-f]{6}(?=[0-9a-f])")
_NOT_IN_XML = re.compile("[\ufffe\uffff]")
_SEAM = "\0"
_TAG = "<wbr>"
_LABEL_UNSAFE = re.compile(r"^[-\d]|[^\w ./@-]")
_WEB_ADDRESS = re.compile(r"https?://[^/\s]", re.IGNORECASE)
_NOT_IN_ADDRESS = re.compile(r"[^A-Za-z0-9/:?=&%._~+,;@#-]")


def clean(text: str, *, limit: int = CELL_LIMIT) -> str:
    """One line without control, direction or private characters, cut with its length where it is longer."""
    shown = text if len(text) <= limit else text[: limit - 1]
    line = shown if shown.isprintable() else "".join(map(_show, shown))
    return line if len(text) <= limit else f"{line}… ({len(text)} characters)"


def cell(text: str, *, limit: int = CELL_LIMIT) -> str:
    """A foreign text as a code span for a table or a line of GitHub markdown; nothing in it is interpreted."""
    return f"<code>{_escape(clean(text, limit=limit), _ADDRESS)}</code>" if text else ""


def prose(text: str, *, limit: int = CELL_LIMIT) -> str:
    """A foreign sentence for markdown: punctuation as character references, and seams in what GitHub would link."""
    return _escape(clean(text, limit=limit), _REFERENCE)


def preformatted(text: str) -> str:
    """Foreign lines as one line of HTML within `<pre>`; other control and direction characters are replaced."""
    lines = (clean(line, limit=max(1, len(line))) for line in text.expandtabs(4).split("\n"))
    return "&#10;".join(_escape(line, _ADDRESS) for line in lines)


def figure(text: str) -> str:
    """A number of the kit's own, which has no markup, but may be as long as a commit's name."""
    return _COMMIT.sub(lambda found: f"{found[0]}{_TAG}", text)


def link(words: str, address: str) -> str:
    """A link with the kit's own words; the words alone where the address is not one of the web."""
    if not _WEB_ADDRESS.match(address):
        return words
    return f"[{words}](<{_NOT_IN_ADDRESS.sub(_percent, address)}>)"


def picture(words: str, address: str) -> str:
    """A picture with foreign words for those who do not see it; the address is one that was checked."""
    references = _UNSAFE.sub(lambda found: "".join(f"&#{ord(char)};" for char in found[0]), clean(words))
    return f"![{references}]({address})"


def drawn(text: str, *, limit: int) -> str:
    """A foreign text for a drawing: one line, without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub(_REPLACEMENT, clean(text, limit=limit))


def label(text: str) -> str:
    """A foreign text for a quoted mermaid label: other characters become mermaid's own references.

    So does a dash or digit at its start, which mermaid takes for a list, and a colon, which it takes for a style.
    """
    return _LABEL_UNSAFE.sub(lambda found: f"#{ord(found[0])};", clean(text, limit=60))


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))


def _show(char: str) -> str:
    return _REPLACEMENT if unicodedata.category(char) in _HIDDEN_CATEGORIES else char


def _escape(line: str, seams: re.Pattern[str]) -> str:
    parted = seams.sub(lambda found: f"{found[0]}{_SEAM}", line)
    plain = {found.start() for found in _HARMLESS.finditer(parted)}

    def write(found: re.Match[str]) -> str:
        return found[0] if found.start() in plain else "".join(f"&#{ord(char)};" for char in found[0])

    return _UNSAFE.sub(write, parted).replace(_SEAM, _TAG)
