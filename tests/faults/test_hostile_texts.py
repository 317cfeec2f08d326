"""No name or value of a stranger is more than a text in the comment, whatever it is, wherever it stands."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, clean, label, prose
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.occasion import Occasion, Override
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import BlockRow, GateRow, PlanRows, Report, Side
from mlops_kit.core.types import Answer, CommitSha
from tests.faults.children import Note, count_trials
from tests.unit.render.github_page import TAGS, read_page
from tests.unit.render.hostile import texts
from tests.unit.render.situations import BETTER, NEW

pytestmark = pytest.mark.faults
PAIRS = 5 * count_trials()
MANY = settings(max_examples=PAIRS, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def poison(name: str, value: str) -> Report:
    """A report that says both wherever a report can say something."""
    return replace(
        BETTER,
        base=Side(name=name, commit=value),
        environment=name,
        gates=(
            GateRow(environment=name, metric=name, rule=name, answer=Answer.FAIL, message=value),
            GateRow(environment=name, metric=value, rule=value, answer=Answer.PASS, message=name),
        ),
        metrics=(
            MetricRow(path="m.json", key=name, old=value, new=name, trend=Trend.CHANGED),
            MetricRow(path=name, key=value, old=value, new=value, trend=Trend.SAME),
        ),
        params=(ParamRow(path=value, key=name, old=name, new=value),),
        stages=(
            StageRow(name=f"{name}1", state="failed", message=value),
            StageRow(name=f"{value}2", state=value, message=name, after=(f"{name}1",)),
        ),
        models=(ModelRow(name=name, path=name, old=value, new=name),),
        obstacles=(ObstacleRow(path=name, stage=value, kind=Obstacle.SEED, name=value, old=name, new=value),),
        plan=PlanRows(blocked=(BlockRow(environment=name, model=value, reason=value, hint=name),)),
        notes=(f"note {value}",),
        sections=(),
    )


def test_a_pair_is_shown_as_it_is_and_does_nothing(record_property: Note) -> None:
    check_pair()
    record_property("trials", f"hostile pairs of name and value: {PAIRS}")


@MANY
@given(name=texts, value=texts)
def check_pair(name: str, value: str) -> None:
    override = Override(actor=name, reason=value, commit=CommitSha(NEW))
    page = read_page(render_report(poison(name, value), Occasion(override=override, override_hint=value)))
    assert set(page.tags) <= TAGS, set(page.tags) - TAGS
    assert page.is_balanced
    assert page.references == []
    assert not {found for found in page.attributes if not re.fullmatch(r"\w+ (style=text-align:\w+|class=\S+)", found)}
    for text in (name, value):
        assert not text or clean(text) in page.code
    assert clean(f"note {value}", limit=MESSAGE_LIMIT) in page.text


@MANY
@given(text=texts)
def test_a_text_alone_is_shown_as_it_is(text: str) -> None:
    for shown in (f"- {prose(text)}", f"| {prose(text)} |\n|---|", f"### {prose(text)}", cell(text), prose(text)):
        page = read_page(shown)
        assert page.text.strip("\n") == clean(text) or page.text == clean(text)
        assert page.references == []
        assert not set(page.tags) - {"ul", "li", "table", "thead", "tr", "th", "h3", "p", "code", "wbr"}


@MANY
@given(text=texts)
def test_a_label_of_the_graph_is_shown_as_it_is(text: str) -> None:
    written = label(text)
    assert re.fullmatch(r"(?:[\w ./@-]|#\d{1,7};)*", written)
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), written) == clean(text, limit=60)
