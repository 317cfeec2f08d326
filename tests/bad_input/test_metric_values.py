"""Metric values that are no numbers, and metrics that are not there (rows C1 and C3 to C12, C15 to C17)."""

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


def notes(found: dict[str, list[dict[str, object]]]) -> list[str]:
    return [str(note) for note in found["notes"]]


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


def write_metrics(project: Project, **more: object) -> None:
    project.write("metrics.json", json.dumps({"accuracy": 0.9, **more}))


def test_c3_an_integer_of_five_thousand_digits_is_an_error_of_its_file_alone(project: Project) -> None:
    metrics = "metrics: [metrics.json: {cache: false}, more.json: {cache: false}]"
    project.write("dvc.yaml", f"stages: {{t: {{cmd: 'true', {metrics}}}}}\n")
    project.write("more.json", f'{{"big": {"9" * 5000}}}\n')
    found = report(project, code=4)
    assert row(found)["new"] == 0.9
    assert "more.json cannot be read in head: more.json:1:9: an integer has more than 4,300 digits" in notes(found)


def test_c7_three_hundred_thousand_keys_are_counted_and_the_gate_s_own_is_kept(project: Project) -> None:
    write_metrics(project, **{f"k{number}": 1 for number in range(300_000)})
    found = report(project, code=0)
    assert row(found)["new"] == 0.9
    assert any(note.startswith("the report was too large: 29") for note in notes(found))
    assert len(json.dumps(found)) < 1_000_000


def test_c7_a_file_of_more_than_eight_mebibytes_is_unreadable_in_the_work_tree_and_in_a_commit(
    project: Project,
) -> None:
    base = project.git("rev-parse", "HEAD")
    write_metrics(project, text="x" * (9 * 2**20))
    found = report(project, code=4)
    assert (row(found)["trend"], answers(found)) == ("unreadable", ["not-evaluable"])
    project.commit()
    answer = project.call("report", "HEAD", "--base", base, "--exit-code", "--format", "json")
    assert answer.code == 4
    assert "larger than 8 MiB" in answer.out


def test_c8_nesting_of_five_thousand_levels_is_unreadable_and_not_unchanged(project: Project) -> None:
    project.write("metrics.json", '{"a":' * 5000 + "1" + "}" * 5000)
    found = report(project, code=4)
    assert (row(found)["trend"], answers(found)) == ("unreadable", ["not-evaluable"])
    assert "metrics.json cannot be read in head: metrics.json: nested deeper than 64 levels" in notes(found)


def test_c9_odd_keys_have_rows_of_their_own(project: Project) -> None:
    odd = {"a.b": 1, "a": {"b": 2}, "p|q": 3, "s/t": 4, "`": 5, "n\nl": 6, "": 7, "__proto__": 8}
    write_metrics(project, **odd)
    found = {metric["key"]: metric["new"] for metric in report(project, code=0)["metrics"]}
    assert found == {
        "accuracy": 0.9, "a\\.b": 1, "a.b": 2, "p|q": 3, "s/t": 4, "`": 5, "n\nl": 6, "": 7, "__proto__": 8,
    }  # fmt: skip


HOSTILE = {"h": "<img onerror=x>", "m": "@team #1 </code> -->", "r": "a\u202eb\u2028c"}


def test_c10_a_hostile_text_is_data_in_json_and_harmless_in_markdown(project: Project) -> None:
    write_metrics(project, **HOSTILE)
    found = report(project, code=0)
    assert {key: row(found, key)["new"] for key in HOSTILE} == HOSTILE
    shown = project.call("report", "--base", "HEAD", "--environment", "main", "--format", "markdown").out
    assert not [part for part in ("<img", "@team", "</code> -->", "\u202e", "\u2028") if part in shown]


def test_c11_a_text_of_a_megabyte_is_cut(project: Project) -> None:
    write_metrics(project, long="x" * 2**20)
    shown = str(row(report(project, code=0), "long")["new"])
    assert len(shown) <= 32_000
    assert shown.startswith("xxx")
    assert "x" * 1000 not in project.call("report", "--base", "HEAD", "--environment", "main").out


def test_c12_half_a_surrogate_pair_is_replaced(project: Project) -> None:
    project.write("metrics.json", '{"accuracy": 0.9, "s": "a\\ud800b"}')
    shown = str(row(report(project, code=0), "s")["new"])
    assert shown.isprintable()
    assert (shown[0], shown[-1], len(shown)) == ("a", "b", 3)


def test_c15_numbers_are_told_to_the_last_digit(project: Project) -> None:
    project.write("metrics.json", '{"accuracy": 0, "z": -0.0, "tiny": 1e-320, "sum": 0.1, "big": 9007199254740993}')
    project.commit()
    project.write(
        "metrics.json",
        '{"accuracy": 1, "z": 0.0, "tiny": 2e-320, "sum": 0.30000000000000004, "big": 9007199254740994}',
    )
    found = report(project, code=0)
    assert (row(found, "big")["new"], row(found, "big")["diff"]) == (9007199254740994, 1)
    assert (row(found, "sum")["new"], row(found, "z")["diff"]) == (0.30000000000000004, 0.0)
    assert row(found, "tiny")["trend"] == "changed"
    told = project.call("report", "--base", "HEAD", "--environment", "main", "--format", "text").out
    (line,) = (line for line in told.splitlines() if "metrics.json:accuracy" in line)
    assert "%" not in line, "there is no percentage of 0"


def test_c16_a_number_of_another_locale_is_a_text_and_fails_the_gate(project: Project) -> None:
    project.write("metrics.json", '{"accuracy": "0,95"}')
    found = report(project, code=4)
    assert (row(found)["trend"], answers(found)) == ("type-changed", ["not-evaluable"])


def test_c17_a_file_that_is_cut_short_while_it_is_written_is_unreadable(project: Project) -> None:
    project.write("metrics.json", '{"accuracy": 0.')
    found = report(project, code=4)
    assert (row(found)["trend"], answers(found)) == ("unreadable", ["not-evaluable"])


def test_a_large_file_of_the_pipeline_does_not_stop_the_report(project: Project) -> None:
    project.write("prepare.py", "#" * (9 * 2**20))
    project.commit()
    assert row(report(project, code=0))["new"] == 0.9
