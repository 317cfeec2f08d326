"""Foreign text, put where it could do harm."""

import re
import string
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.render.escape import cell, clean, label, link, preformatted, prose
from tests.unit.render.github_page import read_page
from tests.unit.render.hostile import texts


@given(texts)
def test_a_cell_is_one_code_span_that_shows_the_text(text: str) -> None:
    page = read_page(cell(text))
    assert page.tags.count("code") == bool(text)
    assert not set(page.tags) - {"p", "code", "wbr"}
    assert page.code == ((clean(text),) if text else ())


@given(texts | st.text(alphabet=string.printable + "\u202e\u2066é漢", max_size=150))
def test_nothing_that_markdown_or_a_terminal_reads_is_left(text: str) -> None:
    escaped = prose(text)
    left = re.sub(r"&#\d+;|<wbr>", "", escaped)
    assert not set(left) & set("&<>[]|`*~@#$!\\^={}\"'"), left
    assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]", left)
    assert unescape(escaped.replace("<wbr>", "")) == clean(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a drop of 0.03 from 0.91 (base) is over 2%", "a drop of 0.03 from 0.91 (base) is over 2%"),
        ("@team", "&#64;<wbr>team"),
        ("see #12", "see &#35;<wbr>12"),
        ("GH-1", "GH&#45;<wbr>1"),
        ("www.evil.example", "www&#46;<wbr>evil.example"),
        ("http://evil.example", "http&#58;<wbr>&#47;&#47;evil.example"),
        ("deadbeef01", "deadbe<wbr>ef01"),
        ("1. one", "1&#46; one"),
        ("1) one", "1&#41; one"),
        ("- one", "&#45; one"),
        ("    one ", "&#32;&#32;&#32;&#32;one&#32;"),
    ],
)
def test_a_sentence_is_plain_to_read_and_seams_part_what_github_links(text: str, written: str) -> None:
    assert prose(text) == written


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://h.example/a?b=1#c", "[x](<https://h.example/a?b=1#c>)"),
        ("https://h.example/a b>(c)", "[x](<https://h.example/a%20b%3E%28c%29>)"),
        ("javascript:alert(1)", "x"),
        ("https://", "x"),
        ("", "x"),
    ],
)
def test_only_an_address_of_the_web_becomes_a_link(address: str, shown: str) -> None:
    assert link("x", address) == shown


@given(st.text() | texts)
def test_a_label_has_no_quote_bracket_or_line_end(text: str) -> None:
    assert not set(label(text)) & set("\"'[](){}<>|`\n\r\\&")
    left = re.sub(r"#\d+;", "", label(text))
    assert "#" not in left
    assert ";" not in left


@given(st.text() | texts)
def test_preformatted_lines_keep_their_lines(text: str) -> None:
    page = read_page(f"<pre><code>{preformatted(text)}</code></pre>")
    assert not set(page.tags) - {"pre", "code", "wbr"}
    assert page.code == ("\n".join(clean(line, limit=max(1, len(line))) for line in text.expandtabs(4).split("\n")),)


@pytest.mark.parametrize(("length", "shown"), [(200, 200), (201, 217), (1_000_000, 221)])
def test_a_long_text_is_cut_and_says_how_long_it_was(length: int, shown: int) -> None:
    assert len(clean("x" * length)) == shown


def test_what_is_harmless_reads_as_it_is() -> None:
    assert prose("Modell größer 漢字 7") == "Modell größer 漢字 7"
