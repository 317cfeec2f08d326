"""Metric values that are no numbers, and metrics that are not there (rows C1, C2, C4 to C6 and C16)."""

import json

import pytest

from tests.bad_input.project import Project

REPORT = ("report", "--base", "HEAD", "--environment", "main", "--exit-code", "--format", "json")


def refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def report(project: Project, *, code: int) -> dict[str, list[dict[str, object]]]:
    before = project.fingerprint()
    answer = project.call(*REPORT)
    assert answer.code == code, answer
    assert "Traceback" not in answer.err
    assert project.fingerprint() == before
    loaded: dict[str, list[dict[str, object]]] = json.loads(answer.out, parse_constant=refuse_constant)
    return loaded


def row(found: dict[str, list[dict[str, object]]], key: str = "accuracy") -> dict[str, object]:
    (only,) = (metric for metric in found["metrics"] if metric["key"] == key)
    return only


def answers(found: dict[str, list[dict[str, object]]]) -> list[object]:
    return [gate["answer"] for gate in found["gates"]]


@pytest.mark.parametrize(
    ("written", "shown"), [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity"), ("1e999", "Infinity")]
)
def test_c1_a_value_that_is_not_finite_is_shown_and_fails_the_gate(project: Project, written: str, shown: str) -> None:
    project.write("metrics.json", f'{{"accuracy": {written}}}\n')
    found = report(project, code=4)
    assert (row(found)["old"], row(found)["new"], row(found)["diff"]) == (0.9, shown, None)
    assert answers(found) == ["not-evaluable"]


@pytest.mark.parametrize("written", ["1.7976931348623157e308", "-1.7976931348623157e308"])
def test_c2_infinity_as_mlflow_stores_it_fails_the_gate(project: Project, written: str) -> None:
    project.write("metrics.json", f'{{"accuracy": {written}}}\n')
    found = report(project, code=4)
    assert (row(found)["trend"], row(found)["diff"]) == ("non-finite", None)
    assert answers(found) == ["not-evaluable"]


@pytest.mark.parametrize("written", ["0,95", "95 %", "0.95\u00a0"])
def test_c16_a_number_as_a_locale_writes_it_is_no_number(project: Project, written: str) -> None:
    project.write("metrics.json", json.dumps({"accuracy": written}))
    found = report(project, code=4)
    assert row(found)["trend"] == "type-changed"
    assert answers(found) == ["not-evaluable"]
    assert "accuracy is str" in str(found["gates"][0]["message"])


@pytest.mark.parametrize(("written", "shown"), [('"0.9"', "0.9"), ("true", True)])
def test_c4_a_value_that_changes_its_type_is_told_and_fails_the_gate(
    project: Project, written: str, shown: object
) -> None:
    project.write("metrics.json", f'{{"accuracy": {written}}}\n')
    found = report(project, code=4)
    assert (row(found)["new"], row(found)["trend"]) == (shown, "type-changed")
    assert answers(found) == ["not-evaluable"]


@pytest.mark.parametrize("written", ["null", "[0.9]"])
def test_c4_a_value_that_is_none_or_many_fails_the_gate(project: Project, written: str) -> None:
    project.write("metrics.json", f'{{"accuracy": {written}}}\n')
    found = report(project, code=4)
    assert row(found)["new"] is None
    assert answers(found) == ["not-evaluable"]


def test_c5_a_duplicate_key_is_an_error_of_the_file(project: Project) -> None:
    project.write("metrics.json", '{"accuracy": 0.9,\n "accuracy": 0.1}\n')
    assert project.refuse("validate").errors == ["metrics.json:2:2 accuracy: duplicate key 'accuracy', first in line 1"]
    found = report(project, code=4)
    assert answers(found) == ["not-evaluable"]
    assert "duplicate key" in json.dumps(found)


def test_c6_a_metric_that_is_gone_fails_the_gate(project: Project) -> None:
    project.write("metrics.json", '{"precision": 0.9}\n')
    found = report(project, code=4)
    assert (row(found)["trend"], row(found, "precision")["trend"]) == ("removed", "new")
    assert answers(found) == ["not-evaluable"]


def test_c6_a_metrics_file_that_is_gone_fails_the_gate(project: Project) -> None:
    project.git("rm", "-q", "metrics.json")
    assert answers(report(project, code=4)) == ["not-evaluable"]


def test_c6_a_metric_that_is_new_is_judged_by_absolute_rules_only(project: Project) -> None:
    gates = "gates: [{metric: f1, min: 0.5}, {metric: f1, max-drop: 0.1}]"
    project.write("mlops.yaml", f"version: 1\nenvironments: {{main: {{branch: main, {gates}}}}}\n")
    project.commit()
    project.write("metrics.json", '{"accuracy": 0.9, "f1": 0.6}\n')
    found = report(project, code=0)
    assert row(found, "f1")["trend"] == "new"
    assert answers(found)[0] == "pass"
    assert "fail" not in answers(found)


def test_a_file_with_a_merge_conflict_is_not_an_empty_file(project: Project) -> None:
    project.write("metrics.json", '<<<<<<< HEAD\n{"accuracy": 0.9}\n=======\n{"accuracy": 0.8}\n>>>>>>> topic\n')
    assert project.refuse("validate").errors == ["metrics.json:1: an unresolved merge conflict starts here"]
    found = report(project, code=4)
    assert row(found)["trend"] == "unreadable"
    assert answers(found) == ["not-evaluable"]
