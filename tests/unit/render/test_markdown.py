"""The comment: what stands first, what is folded, what is cut."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.render.budget import Block, Budget, fit
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.render.text import render_report_text
from mlops_kit.core.render.values import show_difference, show_value
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import BlockRow, ChangeRow, GateRow, PlanRows, Report, Side
from mlops_kit.core.review.sweep import NamedCell, SweepRows, TrialRow, TrialState
from mlops_kit.core.types import Answer, Verb
from tests.unit.render.github_page import read_page


def gate(answer: Answer, metric: str = "acc") -> GateRow:
    return GateRow(environment="staging", metric=metric, rule=f"{metric} min 1", answer=answer, message=f"{metric} why")


def metric(key: str, old: Cell, new: Cell, trend: Trend, diff: float | None = None) -> MetricRow:
    return MetricRow(path="m.json", key=key, old=old, new=new, diff=diff, trend=trend)


REPORT = Report(
    base=Side(name="main", commit="a" * 40),
    head=Side(name="feature", commit="b" * 40),
    environment="staging",
    verdict=Verdict.FAIL,
    gates=(gate(Answer.PASS, "loss"), gate(Answer.FAIL)),
    metrics=(
        metric("acc", 0.9, 0.895, Trend.WORSE, -0.005),
        metric("loss", 0.3, 0.3, Trend.SAME, 0),
        metric("nan", "NaN", 1, Trend.NON_FINITE),
    ),
    params=(ParamRow(path="params.yaml", key="lr", old=0.1, new=None),),
    stages=(
        StageRow(name="prepare", state="cached"),
        StageRow(
            name="train",
            state="ran",
            seconds=12.34,
            change="changed",
            after=("prepare",),
            cpu_seconds=20.04,
            memory_bytes=1_610_612_736,
            gpu_memory_bytes=42_949_672_960,
        ),
    ),
    models=(ModelRow(name="clf", path="m.pkl", old="md5:aaaaaaaaaa", new="md5:bbbbbbbbbb"),),
    plan=PlanRows(
        changes=(ChangeRow(environment="staging", model="clf", verb=Verb.RECORD, source="", target="md5:bbbbbbbb"),),
        blocked=(BlockRow(environment="staging", model="old", reason="skips dev"),),
    ),
    notes=("a note",),
)


def test_what_a_reader_must_know_first_is_said_under_the_title() -> None:
    text = render_report(replace(REPORT, policy_changed=True, lock_uncommitted=True))
    assert text.index("edits `mlops.yaml`") < text.index("#### Gates")
    assert text.index("not committed") < text.index("#### Gates")


def test_an_empty_report_says_so() -> None:
    empty = Report(base=REPORT.base, head=REPORT.head, environment="dev", verdict=Verdict.PASS)
    assert render_report(empty).splitlines()[0] == "### ✅ Nothing changes for dev: no gates are set."
    assert "There are no metrics." in render_report(empty)


MANY = replace(
    REPORT,
    metrics=tuple(metric(f"m{number}", 0.1, 0.2, Trend.CHANGED, 0.1) for number in range(5000)),
    params=tuple(ParamRow(path="p", key="k" * 150, old="x" * 300, new=str(number)) for number in range(500)),
)


@pytest.mark.parametrize("limit", [60_000, 5_000, 1_500])
def test_a_long_report_loses_rows_and_says_how_many_but_keeps_its_gates(limit: int) -> None:
    text = render_report(MANY, limit=limit)
    assert len(text) <= limit
    assert "| ❌ fail | <code>acc min 1</code> | acc why |" in text
    shown = text.count("| <code>m")
    assert f"… and {5000 - shown} more metrics: see report.json" in text


texts = st.text(max_size=30) | st.sampled_from(["<!-- x -->", "@a", "```", "</details>", "|", "\n## t"])
cells = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
reports = st.builds(
    Report,
    base=st.builds(Side, name=texts, commit=texts),
    head=st.builds(Side, name=texts, commit=texts),
    environment=texts,
    verdict=st.sampled_from(Verdict),
    gates=st.lists(
        st.builds(GateRow, environment=texts, metric=texts, rule=texts, answer=st.sampled_from(Answer), message=texts),
        max_size=4,
    ).map(tuple),
    metrics=st.lists(
        st.builds(MetricRow, path=texts, key=texts, old=cells, new=cells, trend=st.sampled_from(Trend)), max_size=4
    ).map(tuple),
    params=st.lists(st.builds(ParamRow, path=texts, key=texts, old=cells, new=cells), max_size=4).map(tuple),
    stages=st.lists(st.builds(StageRow, name=texts, state=texts, after=st.tuples(texts)), max_size=4).map(tuple),
    models=st.lists(st.builds(ModelRow, name=texts, path=texts, old=texts, new=texts), max_size=3).map(tuple),
    sweep=st.builds(
        SweepRows,
        baseline=texts,
        metric=texts,
        applied=texts,
        trials=st.lists(
            st.builds(
                TrialRow,
                name=texts,
                state=st.sampled_from(TrialState),
                params=st.tuples(st.builds(NamedCell, path=texts, key=texts, value=cells)),
                metrics=st.tuples(st.builds(NamedCell, path=texts, key=texts, value=cells)),
                message=texts,
            ),
            max_size=2,
        ).map(tuple),
    ),
    notes=st.lists(texts, max_size=3).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(report=reports, limit=st.integers(0, 8000))
def test_no_report_passes_the_limit_or_breaks_out_of_its_place(report: Report, limit: int) -> None:
    text = render_report(report, limit=limit)
    assert len(text) <= limit
    assert text == render_report(report, limit=limit)
    assert "<!--" not in text
    assert read_page(text).is_balanced
    assert read_page(text).references == []
    assert {line[:4] for line in text.splitlines() if line.startswith("#")} <= {"### ", "####"}


@settings(max_examples=30, deadline=None)
@given(report=reports)
def test_no_report_sends_control_characters_to_a_terminal(report: Report) -> None:
    assert not {char for char in render_report_text(report) if ord(char) < 32 and char != "\n"}


@given(
    blocks=st.lists(
        st.builds(
            Block,
            rank=st.integers(0, 3),
            before=st.lists(st.text(max_size=20), max_size=2).map(tuple),
            rows=st.lists(st.text(max_size=40), max_size=30).map(tuple),
        ),
        max_size=6,
    ),
    limit=st.integers(0, 2000),
)
def test_blocks_never_pass_the_limit(blocks: list[Block], limit: int) -> None:
    assert len(fit(blocks, Budget(limit=limit))) <= limit


def test_the_important_block_gets_its_room_first() -> None:
    rows = tuple("x" * 10 for _ in range(20))
    text = fit([Block(rank=2, rows=rows, more="last"), Block(rank=1, rows=rows, more="first")], Budget(limit=620))
    assert "more first" not in text
    assert "more last" in text


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (0.9, 0.895, "-0.005 (-0.6 %)"),
        (0.1, 0.30000000000000004, "+0.2 (+200.0 %)"),
        (0, 5, "+5"),
        (-2, -1, "+1 (+50.0 %)"),
        (3, 3.0, "0"),
        (1e-300, 2e-300, "+1e-300 (+100.0 %)"),
    ],
)
def test_a_difference_is_of_the_digits_that_were_written(old: float, new: float, shown: str) -> None:
    assert show_difference(metric("x", old, new, Trend.CHANGED, new - old)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "n/a"), (True, "true"), (0.123456789, "0.123457"), (9007199254740993, "9007199254740993"), ("NaN", "NaN")],
)
def test_a_value_reads_as_people_write_it(value: Cell, shown: str) -> None:
    assert show_value(value) == shown


def test_a_graph_of_many_stages_shows_what_stands_out_and_counts_the_rest() -> None:
    quiet = tuple(StageRow(name=f"s{number}", after=("s0",)) for number in range(70))
    loud = (
        StageRow(name="failing", state="failed", after=("s0",)),
        StageRow(name="waiting", state="skipped", after=("failing",)),
        StageRow(name="new", change="new", state="ran", after=("s0",)),
        StageRow(name="rerun", state="ran", after=("s0",)),
    )
    text = render_report(replace(REPORT, stages=(*quiet, *loud)))
    assert "\n14 stages are left out.\n" in text
    assert re.findall(r'"\]:::(\w+)', text) == ["failed", "skipped", "changed", "ran"]
    assert [line for line in text.splitlines() if "failing" in line and line.startswith("    n")] == [
        '    n57["failing<br/>failed"]:::failed'
    ]


def test_the_terminal_tells_the_same_in_aligned_columns() -> None:
    assert render_report_text(REPORT) == TERMINAL


def test_a_failed_stage_is_the_headline() -> None:
    stages = (
        StageRow(name="prepare", state="ran", seconds=1.0),
        StageRow(name="train", state="failed", seconds=2.0, message="exit status 3"),
    )
    report = replace(REPORT, stages=stages, verdict=Verdict.FAIL)
    title = "### ❌ Not ready for staging: stage train failed, so what is below is not what this change would give."
    assert render_report(report).splitlines()[0] == title
    assert "- ❌ <code>train</code> failed after 2.0 s: exit status 3" in render_report(report)
    assert "| <code>train</code> |  | ❌ failed | 2.0 |" in render_report(report)
    assert f"### {render_report_text(report).splitlines()[0]}" == title


def test_the_terminal_says_that_a_merge_would_change_nothing() -> None:
    assert "\na merge into staging would\n  change nothing\n" in render_report_text(replace(REPORT, plan=PlanRows()))


TERMINAL = """\
❌ Not ready for staging: acc: acc why.
main (aaaaaaaa) -> feature (bbbbbbbb)

gates
  pass  loss min 1  loss why
  fail  acc min 1   acc why

notes
  a note

metrics
  m.json:acc  0.9  0.895  -0.005 (-0.6 %)  worse
  m.json:nan  NaN  1                       non finite

params
  params.yaml:lr  0.1  n/a

models
  clf  md5:aaaaaaaa  md5:bbbbbbbb

stages
  train  changed  ran  12.3 s  20.0 s CPU, 1.5 GiB, GPU 40 GiB

a merge into staging would
  old is blocked: skips dev
  clf  record  n/a  ->  md5:bbbbbbbb

1 of 3 metrics did not change"""
