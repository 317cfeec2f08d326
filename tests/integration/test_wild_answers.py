"""One test for each answer of DVC's diffs that misleads in public repositories, numbered 19 to 25 as the research is.

Where DVC has an answer the report has the same; where DVC is silent or wrong, the report says what is the matter.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.dvc_project import Project, make_project
from tests.integration.test_report_equals_dvc import by_dvc, by_kit, changed, report_on, two_commits
from tests.integration.value_cases import ONE_METRIC, Files

CONFLICT = '<<<<<<< HEAD\n{"x": 1}\n=======\n{"x": 2}\n>>>>>>> topic\n'


def compare(tmp_path: Path, base: Files, head: Files) -> tuple[Any, Any, Any]:
    """The report, and DVC's two diffs."""
    project, first, second = two_commits(tmp_path, base, head)
    with project.opened() as repo:
        return report_on(project, first, second), repo.metrics.diff(first, second), repo.params.diff(first, second)


def test_19_lists_are_the_texts_that_python_writes(tmp_path: Path) -> None:
    pipeline = "stages: {t: {cmd: 'true', params: [l]}}\n"
    report, _, params = compare(
        tmp_path,
        {"dvc.yaml": pipeline, "params.yaml": "l: [a, b]"},
        {"dvc.yaml": pipeline, "params.yaml": "l: [a, {c: 1}]"},
    )
    assert [(row.old, row.new) for row in report.params] == [("['a', 'b']", "['a', {'c': 1}]")]
    assert by_kit(report.params) == by_dvc(params["diff"])


def test_20_a_file_whose_root_is_a_list_has_no_rows_as_in_dvc(tmp_path: Path) -> None:
    report, metrics, _ = compare(
        tmp_path, {"dvc.yaml": ONE_METRIC, "m.json": '{"x": 1}'}, {"dvc.yaml": ONE_METRIC, "m.json": "[1, 2]"}
    )
    assert [(row.key, row.old, row.new, row.trend) for row in report.metrics] == [("x", 1, None, "removed")]
    assert by_kit(changed(report.metrics)) == by_dvc(metrics["diff"])


def test_20_conflict_markers_are_no_values(tmp_path: Path) -> None:
    report, metrics, _ = compare(
        tmp_path, {"dvc.yaml": ONE_METRIC, "m.json": '{"x": 1}'}, {"dvc.yaml": ONE_METRIC, "m.json": CONFLICT}
    )
    assert metrics["diff"]["m.json"]["x"] == {"old": 1, "new": None}, "DVC: the value is gone"
    assert [(row.key, row.new, row.trend) for row in report.metrics] == [("x", None, "unreadable")]
    assert "m.json cannot be read in head: m.json:1: an unresolved merge conflict starts here" in report.notes


def test_21_a_metric_that_is_only_in_a_cache_elsewhere_is_unreadable_and_not_unchanged(tmp_path: Path) -> None:
    pipeline = "stages: {t: {cmd: 'echo {\\\"x\\\": 1} > m.json', metrics: [m.json]}}\n"
    project = make_project(tmp_path / "p", {"dvc.yaml": pipeline}, site=tmp_path / "site")
    project.run_dvc()
    project.commit()
    shutil.rmtree(project.root / ".dvc/cache")
    report = report_on(project, "HEAD", "HEAD")
    assert [(row.path, row.trend) for row in report.metrics] == [("m.json", "unreadable")]
    assert any("m.json cannot be read in head: its bytes are neither in the DVC cache here" in n for n in report.notes)


def test_22_a_difference_is_there_for_numbers_only_and_types_that_change_are_told(tmp_path: Path) -> None:
    report, metrics, _ = compare(
        tmp_path,
        {"dvc.yaml": ONE_METRIC, "m.json": '{"n": 0.01, "t": "a", "l": [1], "z": null, "k": 1, "w": 1}'},
        {"dvc.yaml": ONE_METRIC, "m.json": '{"w": "1", "n": 8, "t": "b", "l": [2], "z": 1, "k": null}'},
    )
    found = {row.key: (row.diff, row.trend) for row in report.metrics}
    assert found == {
        "k": (None, "removed"),
        "n": (pytest.approx(7.99), "changed"),
        "t": (None, "changed"),
        "w": (None, "type-changed"),
        "z": (None, "new"),
    }
    assert [row.key for row in report.metrics] == sorted(found), "the order of keys is the report's own"
    assert by_kit(changed(report.metrics)) == by_dvc(metrics["diff"])


PARAMS = "stages: {t: {cmd: 'true', params: [a.yaml: [k], b.yaml: [k]]}}\n"


def test_23_all_of_params_yaml_counts_and_odd_keys_are_told_apart(tmp_path: Path) -> None:
    def side(value: int) -> Files:
        return {
            "dvc.yaml": PARAMS,
            "params.yaml": f"unlisted: {value}\nx/y: {value}\nx-y: {value}\n'trailing:': {value}\n",
            "a.yaml": f"k: {value}\n",
            "b.yaml": f"k: {value}\nother: {value}\n",
        }

    report, _, params = compare(tmp_path, side(1), side(2))
    assert [(row.path, row.key) for row in report.params] == [
        ("a.yaml", "k"),
        ("b.yaml", "k"),
        ("params.yaml", "trailing:"),
        ("params.yaml", "unlisted"),
        ("params.yaml", "x-y"),
        ("params.yaml", "x/y"),
    ]
    assert by_kit(report.params) == by_dvc(params["diff"])


def test_24_a_metrics_file_that_was_renamed_is_still_compared_by_a_gate(tmp_path: Path) -> None:
    gates = "version: 1\nenvironments: {main: {branch: main, gates: [{metric: x, max-drop: 0.1}]}}\n"
    report, metrics, _ = compare(
        tmp_path,
        {"dvc.yaml": ONE_METRIC, "m.json": '{"x": 0.9}', "mlops.yaml": gates},
        {"dvc.yaml": ONE_METRIC.replace("m.json", "n.json"), "n.json": '{"x": 0.5}', "mlops.yaml": gates},
    )
    assert by_kit(changed(report.metrics)) == by_dvc(metrics["diff"])
    assert [gate.answer for gate in report.gates] == ["fail"], "for DVC all old values are null"


def test_25_a_stale_copy_beside_the_file_of_the_pipeline_is_not_read(tmp_path: Path) -> None:
    def side(value: int) -> Files:
        return {"dvc.yaml": ONE_METRIC, "m.json": json.dumps({"x": value}), "dvclive/metrics.json": '{"x": 99}'}

    report, metrics, _ = compare(tmp_path, side(1), side(2))
    assert [(row.path, row.key, row.old, row.new) for row in report.metrics] == [("m.json", "x", 1, 2)]
    assert by_kit(changed(report.metrics)) == by_dvc(metrics["diff"])


def test_25_of_two_declared_files_with_one_key_both_are_shown_and_a_gate_names_them(tmp_path: Path) -> None:
    gates = "version: 1\nenvironments: {main: {branch: main, gates: [{metric: x, min: 0.1}]}}\n"
    stages = f"{ONE_METRIC}metrics: [dvclive/metrics.json]\n"
    files = {"dvc.yaml": stages, "m.json": '{"x": 1}', "dvclive/metrics.json": '{"x": 99}', "mlops.yaml": gates}
    project: Project = make_project(tmp_path / "p", files, site=tmp_path / "site")
    report = report_on(project, "HEAD", "HEAD")
    assert [row.path for row in report.metrics] == ["dvclive/metrics.json", "m.json"]
    (gate,) = report.gates
    assert gate.answer == "not-evaluable"
    assert "dvclive/metrics.json" in gate.message
    assert "m.json" in gate.message
