"""What GitHub makes of a comment, as far as a stranger's text could abuse it.

The markdown becomes a page, and in the text of the page GitHub looks for what it links: mentions, issues, commits,
emoji, addresses. It looks at one text node at a time, not within preformatted text, and within code only for e-mail.
"""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from markdown_it import MarkdownIt

TAGS = frozenset(
    {"p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "hr"}
    | {"a", "br", "code", "del", "details", "em", "pre", "strong", "sub", "summary", "wbr"}
)
"""All that the kit itself writes."""
_QUIET = frozenset({"code", "a"})
_EMPTY = frozenset({"br", "hr", "wbr", "img", "input"})
_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_REFERENCES = re.compile(
    r"""(?ix)
    (?<![\w])@[a-z0-9][a-z0-9-]*             # a mention
    | [\w.+-]+@[\w-]+(\.[\w-]+)+             # an e-mail address
    | (^|[^\w&])([\w.-]+/[\w.-]+)?\#\d+      # an issue
    | \b(gh|[a-z]+)-\d+\b                    # an issue, or what a repository links itself
    | \bghsa-\w+                             # an advisory
    | \b[0-9a-f]{7,40}\b                     # a commit
    | (https?|ftp)://\S | mailto: \S+@ | \bwww\.\S+
    | :[a-z0-9_+-]+:                         # an emoji
    | \$[^$\s][^$]*\$                        # a formula
    """
)
_ADDRESSES = re.compile(r"(?i)[\w.+-]+@[\w-]+(\.[\w-]+)+")


@dataclass(frozen=True, kw_only=True)
class Page:
    """A comment's tags, its attributes as `tag name=value`, all its text, its code, and its text nodes elsewhere."""

    tags: tuple[str, ...]
    attributes: tuple[str, ...]
    text: str
    code: tuple[str, ...]
    nodes: tuple[str, ...]
    quiet_nodes: tuple[str, ...]
    is_balanced: bool

    @property
    def references(self) -> list[str]:
        """What GitHub would make a link, an emoji or a formula of."""
        loud = [found[0] for node in self.nodes for found in _REFERENCES.finditer(node)]
        return loud + [found[0] for node in self.quiet_nodes for found in _ADDRESSES.finditer(node)]


def read_page(markdown: str) -> Page:
    """The page that a comment becomes."""
    reader = _Reader()
    reader.feed(_PARSER.render(markdown))
    reader.close()
    return Page(
        tags=tuple(reader.tags),
        attributes=tuple(reader.attributes),
        text="".join(reader.nodes_in_order),
        code=tuple(reader.code),
        nodes=tuple(reader.nodes),
        quiet_nodes=tuple(reader.quiet_nodes),
        is_balanced=not reader.open and not reader.stray,
    )


class _Reader(HTMLParser):
    """Walks a page as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.nodes: list[str] = []
        self.quiet_nodes: list[str] = []
        self.nodes_in_order: list[str] = []
        self.code: list[str] = []
        self.open: list[str] = []
        self.stray: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [f"{tag} {name}={value}" for name, value in attrs]
        if tag not in _EMPTY:
            self.open.append(tag)
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.stray.append(tag)

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.tags.append(f"<!{decl}>")

    def handle_data(self, data: str) -> None:
        self.nodes_in_order.append(data)
        if "pre" not in self.open:
            (self.quiet_nodes if _QUIET & set(self.open) else self.nodes).append(data)
        if "code" in self.open:
            self.code[-1] += data
