"""Foreign markdown made harmless: a team's own text in the comment keeps its structure and loses what acts.

It is parsed, and written anew as lines of HTML with tags from one short list and no attributes. Its own HTML is shown
as text, a link as its words and its address, an image as its description; headings are small ones. Texts go through
`escape` like everything else.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mlops_kit.core.render.escape import cell, preformatted, prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

ALLOWED_TAGS = frozenset(
    {"p", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td"}
    | {"strong", "em", "del", "code", "pre", "br", "hr", "wbr"}
)
_TAGS = {
    "paragraph": "p",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "blockquote": "blockquote",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "strong": "strong",
    "em": "em",
    "s": "del",
}
_SHOWN_AS_TEXT = {"softbreak": " ", "hardbreak": "<br>", "hr": "<hr>"}
_ADDRESS_LIMIT = 300


def sanitise(markdown: str) -> tuple[str, ...]:
    """The text as lines of HTML, one for each block at its top level; every line is complete in itself."""
    lines: list[str] = []
    line: list[str] = []
    level = 0
    for token in _parser().parse(markdown):
        line.extend(_block(token))
        level += token.nesting
        if level == 0 and line:
            lines.append("".join(line))
            line.clear()
    return tuple(lines)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _block(token: Token) -> Iterator[str]:
    if token.type == "inline":
        yield from _inline(token.children or ())
    elif token.type in {"fence", "code_block"}:
        yield f"<pre><code>{preformatted(token.content.rstrip())}</code></pre>"
    elif not token.hidden:
        yield _tag(token)


def _inline(tokens: Iterable[Token]) -> Iterator[str]:
    addresses: list[str] = []
    for token in tokens:
        match token.type:
            case "text":
                yield _text(token.content)
            case "code_inline":
                yield cell(token.content, limit=max(1, len(token.content)))
            case "image":
                yield f"[image: {_text(token.content)}]"
            case "link_open":
                addresses.append(str(token.attrs.get("href", "")))
            case "link_close":
                yield _address(addresses.pop())
            case _:
                yield _tag(token)


def _text(text: str) -> str:
    """A piece of a line, whose outer spaces stand between pieces and mean nothing."""
    return prose(text, limit=max(1, len(text))).replace("&#32;", " ")


def _address(address: str) -> str:
    """The address behind a link's words, where it is one of the web."""
    is_web = address.startswith(("https://", "http://"))
    return f" ({cell(address, limit=_ADDRESS_LIMIT)})" if is_web else ""


def _tag(token: Token) -> str:
    """The tag of a token; nothing for what has no place here."""
    if token.type in _SHOWN_AS_TEXT:
        return _SHOWN_AS_TEXT[token.type]
    name = token.type.removesuffix("_open").removesuffix("_close")
    tag = ("h5" if token.tag in {"h1", "h2"} else "h6") if name == "heading" else _TAGS.get(name, "")
    return f"<{'/' if token.nesting < 0 else ''}{tag}>" if tag else ""
