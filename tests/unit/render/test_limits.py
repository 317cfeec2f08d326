"""However large a report is, its comment and its summary page are taken, and say where the rest is."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.render.markdown import LIMIT, SUMMARY_LIMIT, render_report, render_summary
from mlops_kit.core.render.verdict import tell_verdict
from mlops_kit.core.review.changes import StageRow
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.occasion import Occasion, Override
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import GateRow, Report, Section
from mlops_kit.core.types import Answer, CommitSha
from tests.unit.render.github_page import read_page
from tests.unit.render.hostile import texts
from tests.unit.render.situations import BETTER, NEW, RUN, WORSE

LONG = {"plain": "m" * 400, "escaped": "|@#" * 133, "wide": "漢" * 400, "emoji": "🚀" * 400}


def flood(piece: str, *, count: int = 5000) -> Report:
    """Five thousand metrics, and much of everything else, with long names."""
    names = [f"{number} {piece}" for number in range(count)]
    return replace(
        WORSE,
        metrics=tuple(
            MetricRow(path="m.json", key=name, old=0.1, new=0.2, diff=0.1, trend=Trend.CHANGED) for name in names
        ),
        gates=tuple(
            GateRow(environment="staging", metric=name, rule=name, answer=Answer.FAIL, message=name)
            for name in names[:200]
        ),
        params=tuple(ParamRow(path=piece, key=name, old=name, new=name) for name in names[:500]),
        stages=tuple(StageRow(name=name, state="ran", after=tuple(names[:1])) for name in names[:500]),
        notes=tuple(names[:500]),
        sections=tuple(Section(title=name, text=f"{name}\n\n" * 20) for name in names[:20]),
    )


@pytest.mark.parametrize("piece", LONG.values(), ids=LONG)
def test_five_thousand_metrics_with_long_names_stay_within_the_limits(piece: str) -> None:
    report = flood(piece)
    comment = render_report(report, Occasion(run_url=RUN))
    assert 0.9 * LIMIT < len(comment) <= LIMIT
    assert read_page(comment).is_balanced
    assert f"see [the summary page of this run](<{RUN}>) and its artifact" in comment
    summary = render_summary(report)
    assert 0.9 * SUMMARY_LIMIT < len(summary.encode()) <= SUMMARY_LIMIT
    assert read_page(summary).is_balanced


reports = st.builds(lambda piece, count: flood(piece, count=count), texts, st.integers(0, 60))


@settings(max_examples=15, deadline=None)
@given(report=reports, limit=st.integers(0, 70_000))
def test_whatever_is_cut_the_page_is_sound_and_the_verdict_is_there(report: Report, limit: int) -> None:
    text = render_report(report, limit=limit)
    page = read_page(text)
    assert len(text) <= limit
    assert page.is_balanced
    assert page.references == []
    if limit >= 8_000:
        assert text.startswith("### ❌ Not ready for staging: ")


def test_the_verdict_is_short_whatever_the_names_are() -> None:
    override = Override(actor="|" * 2000, reason="|" * 2000, commit=CommitSha(NEW))
    report = replace(flood("|" * 1900, count=50), environment="|" * 2000)
    text = render_report(report, Occasion(override=override), limit=8_000)
    assert text.startswith("### ⚠️ Accepted for ")
    assert len(tell_verdict(report)) < 1_000


def test_what_is_left_out_altogether_is_named() -> None:
    assert "Left out for length: " in render_report(BETTER, limit=1_500)
    assert "See report.json." in render_report(BETTER, limit=1_500)
