"""report.json as a document: what crosses from one job to another, and what is refused on the way back."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.errors import InvalidInputError
from mlops_kit.core.review.cells import TEXT_LIMIT, clip, portable
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import (
    BlockRow,
    ChangeRow,
    GateRow,
    PlanRows,
    Report,
    Side,
    parse_report,
    report_json,
)
from mlops_kit.core.types import Answer, Verb

REPORT = Report(
    base=Side(name="main", commit="a" * 40),
    head=Side(name="work tree", commit="b" * 40, worktree=True),
    environment="staging",
    verdict=Verdict.FAIL,
    gates=(GateRow(environment="staging", metric="acc", rule="acc min 1", answer=Answer.FAIL, message="0.5 is under"),),
    metrics=(MetricRow(path="m.json", key="acc", old="NaN", new=0.5, goal="maximize", trend=Trend.NON_FINITE),),
    params=(ParamRow(path="params.yaml", key="lr", old=True, new=1),),
    stages=(StageRow(name="train", state="ran", seconds=1.5, change="changed", after=("prepare",)),),
    models=(ModelRow(name="clf", path="m.pkl", old="md5:a", new="md5:b"),),
    plan=PlanRows(
        changes=(ChangeRow(environment="staging", model="clf", verb=Verb.RECORD, source="", target="md5:b"),),
        blocked=(BlockRow(environment="staging", model="clf", reason="no", hint="ask"),),
    ),
    notes=("something",),
    policy_changed=True,
)


def test_a_report_comes_back_as_it_went() -> None:
    assert parse_report(report_json(REPORT).encode(), file="report.json") == REPORT


def test_the_same_report_gives_the_same_sorted_strict_bytes() -> None:
    text = report_json(REPORT)
    assert text == report_json(parse_report(text.encode(), file="report.json"))
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def test_a_change_says_from_and_to() -> None:
    (change,) = json.loads(report_json(REPORT))["plan"]["changes"]
    assert change == {"environment": "staging", "from": "", "model": "clf", "to": "md5:b", "verb": "record"}


def edit(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(report_json(REPORT))
    change(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b"[" * 100_000, ""),
        (b'{"version": NaN}', ""),
        (edit(lambda v: v.pop("verdict")), "verdict"),
        (edit(lambda v: v.update(verdict="great")), "verdict"),
        (edit(lambda v: v.update(version=2)), "version"),
        (edit(lambda v: v.update(extra=1)), "extra"),
        (edit(lambda v: v["metrics"][0].update(trend="up")), "metrics.0.trend"),
        (edit(lambda v: v["metrics"][0].update(new=[1])), "metrics.0.new.int"),
        (edit(lambda v: v["metrics"][0].update(key="x" * (TEXT_LIMIT + 1))), "metrics.0.key"),
        (edit(lambda v: v["stages"][0].update(seconds=-1)), "stages.0.seconds"),
        (edit(lambda v: v["stages"][0].update(seconds="1")), "stages.0.seconds.int"),
        (edit(lambda v: v["gates"][0].update(answer="yes")), "gates.0.answer"),
        (edit(lambda v: v.update(policy_changed="no")), "policy_changed"),
        (edit(lambda v: v.update(notes=["x"] * 20_001)), "notes"),
    ],
)
def test_what_is_no_report_is_refused_with_its_field(data: bytes, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_report(data, file="report.json")
    assert field in {problem.field for problem in caught.value.problems}
    assert all(str(problem).startswith("report.json") for problem in caught.value.problems)


def test_a_number_that_overflows_is_refused() -> None:
    data = edit(lambda v: v["metrics"][0].update(new=0.25)).replace(b"0.25", b"1e999")
    with pytest.raises(InvalidInputError):
        parse_report(data, file="report.json")


def test_every_problem_is_named_at_once() -> None:
    data = edit(lambda v: v.update(verdict="great", environment=5))
    with pytest.raises(InvalidInputError) as caught:
        parse_report(data, file="report.json")
    assert {problem.field for problem in caught.value.problems} == {"verdict", "environment"}


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.text().map("\ud800".__add__))


@given(old=values, new=values, key=st.text())
def test_whatever_a_metrics_file_holds_can_cross(old: object, new: object, key: str) -> None:
    row = MetricRow(path="m.json", key=clip(key), old=portable(old), new=portable(new), trend=Trend.CHANGED)  # type: ignore[arg-type]
    report = Report(base=REPORT.base, head=REPORT.head, environment="dev", verdict=Verdict.PASS, metrics=(row,))
    assert parse_report(report_json(report).encode(), file="r.json").metrics == (row,)
