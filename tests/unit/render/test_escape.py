"""Foreign text, put where it could do harm."""

import re
import string
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.render.escape import cell, clean, label, prose

HARMFUL = [
    "<img src=x onerror=alert(1)>",
    "@team please look",
    "#1 closes #2",
    "</code><script>",
    "-->",
    "<!-- mlops-kit:report -->",
    "a|b\nc",
    "`code` **bold** _it_ ~no~",
    "[x](http://evil.example) www.evil.example http://evil.example",
    "![x](http://evil.example/i.png)",
    "\u202egnp.exe",
    "a\u2028b\x1b[31mred\x07",
    "::error file=x::boom",
    "&lt;b&gt; &#64;team",
    "$x^2$ :smile:",
    "\ud800",
]


class Tags(HTMLParser):
    """Collects tags and text as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser's signature
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(markup: str) -> Tags:
    tags = Tags()
    tags.feed(markup)
    tags.close()
    return tags


@given(st.text(max_size=150) | st.sampled_from(HARMFUL))
def test_a_cell_is_one_code_span_that_shows_the_text(text: str) -> None:
    shown = seen(cell(text))
    assert shown.tags == (["code"] if text else [])
    assert shown.text == clean(text)


@given(st.text(alphabet=string.printable + "\u202e\u2066é漢", max_size=150) | st.sampled_from(HARMFUL))
def test_nothing_that_markdown_or_a_terminal_reads_is_left(text: str) -> None:
    escaped = prose(text)
    left = re.sub(r"&#\d+;", "", escaped)
    assert not set(left) & set(string.punctuation), left
    assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]", left)
    assert unescape(escaped) == clean(text)


@given(st.text())
def test_a_label_has_no_quote_bracket_or_line_end(text: str) -> None:
    assert not set(label(text)) & set("\"'[](){}<>|`\n\r\\&")
    left = re.sub(r"#\d+;", "", label(text))
    assert "#" not in left
    assert ";" not in left


@pytest.mark.parametrize(("length", "shown"), [(200, 200), (201, 217), (1_000_000, 221)])
def test_a_long_text_is_cut_and_says_how_long_it_was(length: int, shown: int) -> None:
    assert len(clean("x" * length)) == shown


def test_what_is_harmless_reads_as_it_is() -> None:
    assert prose("Modell größer 漢字 7") == "Modell größer 漢字 7"
