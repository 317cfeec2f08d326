"""Keys and values that would be more than texts in a comment (rows C9 to C12 and C14)."""

import json
from collections.abc import Mapping

import pytest

from mlops_kit.core.render.escape import CELL_LIMIT
from tests.bad_input.project import Project
from tests.unit.render.github_page import TAGS, Page, read_page


def page(project: Project, metrics: Mapping[str, object]) -> Page:
    project.write("metrics.json", json.dumps({"accuracy": 0.9, **metrics}))
    answer = project.call("report", "--base", "HEAD", "--environment", "main", "--format", "markdown")
    assert answer.code == 0, answer
    found = read_page(answer.out)
    assert set(found.tags) <= TAGS
    assert found.is_balanced
    assert found.references == []
    return found


@pytest.mark.parametrize("key", ["a.b", "a/b", "a|b", "a`b", "", "__proto__", "a b", "-1", "1."])
def test_c9_a_key_is_shown_as_it_is(project: Project, key: str) -> None:
    found = page(project, {key: 0.5})
    assert (key or "metrics.json") in found.code


def test_c9_a_line_end_in_a_key_is_shown_as_one_sign(project: Project) -> None:
    assert "a\N{REPLACEMENT CHARACTER}b" in page(project, {"a\nb": 0.5}).code


def test_c9_a_key_with_a_dot_and_a_key_within_another_are_two_rows(project: Project) -> None:
    found = page(project, {"a.b": 0.5, "a": {"b": 0.6}})
    assert {"a\\.b", "a.b"} <= set(found.code)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(
            (text, text)
            for text in (
                "<img src=x onerror=alert(1)>",
                "@team",
                "#1",
                "</code>",
                "-->",
                "<!-- mlops-kit:report:v1 id=report run=1 attempt=1 head=" + "0" * 40 + " -->",
            )
        ),
        ("a\u202egnp.exe", "a\N{REPLACEMENT CHARACTER}gnp.exe"),
        ("a\u2028b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_c10_a_value_that_would_act_is_shown_literally(project: Project, value: str, shown: str) -> None:
    assert shown in page(project, {"value": value}).code


def test_c11_a_value_of_a_megabyte_is_cut_and_says_how_long_it_was(project: Project) -> None:
    found = page(project, {"value": "x" * 1_000_000})
    (shown,) = (text for text in found.code if text.startswith("xxx"))
    assert shown.startswith("x" * (CELL_LIMIT - 1) + "… (")
    assert len(shown) < CELL_LIMIT + 30


def test_c12_half_a_character_is_shown_as_one_sign(project: Project) -> None:
    project.write("metrics.json", '{"accuracy": 0.9, "value": "a\\ud800b"}')
    answer = project.call("report", "--base", "HEAD", "--environment", "main", "--format", "markdown")
    assert answer.code == 0, answer
    shown = [text for text in read_page(answer.out).code if len(text) == 3 and text[0] == "a"]
    assert shown in (["a?b"], ["a\N{REPLACEMENT CHARACTER}b"])


def test_c14_a_formula_of_a_spreadsheet_is_a_text(project: Project) -> None:
    text = '=HYPERLINK("http://evil.example";"x")'
    found = page(project, {text: text})
    assert found.code.count(text) == 2
