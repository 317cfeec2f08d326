"""The drift report as people and programs see it; names and values are a stranger's."""

import re
from datetime import UTC, datetime

import numpy as np
from markdown_it import MarkdownIt

from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.judge import judge_drift
from mlops_kit.core.drift.report import DriftReport
from mlops_kit.core.drift.schema import Rule, Violation
from mlops_kit.core.render.drift_html import render_drift_html
from mlops_kit.core.render.drift_markdown import render_drift_markdown
from mlops_kit.core.render.drift_metrics import render_drift_metrics
from mlops_kit.core.render.drift_text import render_drift_text
from tests.unit.drift.columns import numbers, shares, table

CALM = np.random.default_rng(3).normal(0, 1, 1000)
EVIL = 'a|b`<img src=x onerror=alert(1)>"@team\n\x1b[31m{{7*7}}\\'
TEMPLATE = "{% for column in columns %}<i>{{ column.name }}</i>{{ column.bars | length }}{% endfor %}{{ title }}"


def hostile() -> DriftReport:
    old = table(numbers(EVIL, CALM), shares("c", 1000, a=0.5, b=0.5), numbers("calm", CALM), name=EVIL)
    new = table(numbers(EVIL, CALM + 2), shares("c", 1000, a=0.2, **{"<b>": 0.8}), numbers("calm", CALM), name=EVIL)
    broken = Violation(column=EVIL, rule=Rule.MAX, expected=EVIL, rows=3, examples=(EVIL,))
    return judge_drift(old, new, DriftPolicy(), now=datetime(2026, 1, 1, tzinfo=UTC), violations=[broken])


def test_text_is_a_line_for_each_column_without_what_a_terminal_obeys() -> None:
    text = render_drift_text(hostile())
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0].startswith("fail: the data is not valid")
    assert sum(line.startswith("✗") for line in lines) == 2
    assert "1 ok: calm" in lines


def test_markdown_shows_every_name_as_its_characters() -> None:
    markdown = render_drift_markdown(hostile())
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    assert "<img" not in html
    assert "@team" not in re.sub("<wbr>", "", markdown).replace("&#64;", "")
    assert html.count("<tr>") == 2 + 3
    assert "<details><summary>1 ok</summary>" in markdown


def test_a_page_escapes_and_draws_both_sides() -> None:
    page = render_drift_html(hostile(), TEMPLATE)
    assert "<img" not in page
    assert "{{7*7}}" in page
    assert "</i>40" in page


def test_metrics_are_lines_that_prometheus_reads() -> None:
    text = render_drift_metrics(hostile(), "production")
    sample = re.compile(
        r'mlops_kit_drift_\w+\{\w+="(?:[^"\\\n]|\\["\\n])*"(?:,\w+="(?:[^"\\\n]|\\["\\n])*")*\} [-+0-9.e]+'
    )
    lines = text.splitlines()
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in lines)
    assert len({line.partition("{")[0] for line in lines if line.startswith("mlops")}) == 8
    assert any(
        line.startswith('mlops_kit_drift_verdict{environment="production"') and line.endswith(" 3") for line in lines
    )
