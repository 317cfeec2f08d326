"""The kit's metric and param differences against `dvc metrics diff` and `dvc params diff`, file for file.

Each case is a base and a head, as mappings of path to text. Where DVC drops or guesses, the kit's own answer is in
tests/integration/test_report.py.
"""

import json
import math
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.resolver import DvcResolver
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.adapters.workspace import WorkTree
from mlops_kit.commands.report import Sources, make_report
from mlops_kit.commands.sides import Question
from mlops_kit.core.review.metrics import MetricRow
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import Report
from tests.integration.dvc_project import Project, make_project
from tests.integration.value_cases import CASES, ONE_METRIC, Files

Diff = Mapping[str, Mapping[str, Mapping[str, object]]]
Differences = set[tuple[str, str, str, str]]


def report_on(project: Project, base: str, head: str = "") -> Report:
    """The report as `mlops-kit report HEAD --base BASE` makes it, without a plan."""
    git = GitRepository(project.root, os.environ)
    resolver = DvcResolver(git.root, os.environ)
    sources = Sources(git=git, work_tree=WorkTree(git), resolver=resolver, log=GitPromotionLog(git))
    return make_report(Question(base=base, head=head), sources)


def two_commits(tmp_path: Path, base: Files, head: Files) -> tuple[Project, str, str]:
    project = make_project(tmp_path / "project", base, site=tmp_path / "site")
    first = project.git("rev-parse", "HEAD").strip()
    for path in base:
        (project.root / path).unlink()
    project.write(head)
    project.commit()
    return project, first, project.git("rev-parse", "HEAD").strip()


def by_dvc(diff: Diff) -> Differences:
    """What DVC found, as it prints it: keys and values through JSON."""
    return {
        (path, key, show(entry.get("old")), show(entry.get("new")))
        for path, entries in diff.items()
        for key, entry in json.loads(json.dumps(entries)).items()
    }


def by_kit(rows: Iterable[MetricRow | ParamRow]) -> Differences:
    return {(row.path, row.key, show(row.old), show(row.new)) for row in rows}


def show(value: object) -> str:
    """The value as JSON; what is not finite by its name, as the kit writes it."""
    text = json.dumps(value)
    return json.dumps(text) if text in {"NaN", "Infinity", "-Infinity"} else text


def changed(rows: Iterable[MetricRow]) -> list[MetricRow]:
    """DVC's idea of a change: the values differ, and NaN differs from itself."""
    return [row for row in rows if row.old != row.new or "NaN" in {row.old, row.new}]


@pytest.mark.parametrize("name", CASES)
def test_the_differences_are_those_of_dvc(tmp_path: Path, name: str) -> None:
    project, base, head = two_commits(tmp_path, *CASES[name])
    with project.opened() as repo:
        metrics, params = repo.metrics.diff(base, head), repo.params.diff(base, head)
    assert metrics or params, "a case without a difference shows nothing"
    report = report_on(project, base, head)
    assert by_kit(changed(report.metrics)) == by_dvc(metrics.get("diff", {}))
    assert by_kit(report.params) == by_dvc(params.get("diff", {}))
    assert {(row.path, row.key): row.diff for row in report.metrics if row.diff} == {
        (path, key): entry["diff"]
        for path, entries in metrics.get("diff", {}).items()
        for key, entry in entries.items()
        if _is_number(entry.get("diff")) and not isinstance(entry["new"], bool) and not isinstance(entry["old"], bool)
    }


CACHED = f"""
stages:
  t:
    cmd: {sys.executable} make.py
    deps: [make.py]
    metrics: [m.json, {{git.json: {{cache: false}}}}]
    outs: [folder]
metrics: [folder/inner.json]
"""
MAKE = """
import json, os
os.makedirs("folder", exist_ok=True)
for name in ("m.json", "git.json", "folder/inner.json"):
    json.dump({"x": VALUE}, open(name, "w"))
"""


def test_metrics_in_the_cache_are_read_there(tmp_path: Path) -> None:
    start = {"dvc.yaml": CACHED, "make.py": MAKE.replace("VALUE", "1")}
    project = make_project(tmp_path / "project", start, site=tmp_path / "site")
    commits = []
    for value in ("1", "2"):
        project.write({"make.py": MAKE.replace("VALUE", value)})
        project.run_dvc()
        project.commit()
        commits.append(project.git("rev-parse", "HEAD").strip())
    with project.opened() as repo:
        expected = by_dvc(repo.metrics.diff(*commits)["diff"])
    assert by_kit(changed(report_on(project, *commits).metrics)) == expected
    assert {path for path, *_ in expected} == {"m.json", "git.json", "folder/inner.json"}


def test_each_of_several_roots_is_dvc_s_answer_there(tmp_path: Path) -> None:
    def files(value: int) -> Files:
        of_root = {
            "dvc.yaml": ONE_METRIC,
            "m.json": f'{{"x": {value}}}',
            "params.yaml": f"a: {value}",
            ".dvc/config": "",
        }
        return {f"{root}/{path}": text for root in ("one", "two/deep") for path, text in of_root.items()}

    project, base, head = two_commits(tmp_path, files(1), files(2))
    project.git("rm", "-r", "--quiet", ".dvc", ".dvcignore")
    project.commit()
    expected_metrics, expected_params = set(), set()
    for root in ("one", "two/deep"):
        with project.opened(root) as repo:
            expected_metrics |= by_dvc(_below(root, repo.metrics.diff(base, head)["diff"]))
            expected_params |= by_dvc(_below(root, repo.params.diff(base, head)["diff"]))
    report = report_on(project, base, head)
    assert by_kit(changed(report.metrics)) == expected_metrics
    assert by_kit(report.params) == expected_params
    assert len(expected_metrics) == len(expected_params) == 2


def _below(
    root: str, diff: Mapping[str, Mapping[str, Mapping[str, object]]]
) -> dict[str, Mapping[str, Mapping[str, object]]]:
    return {f"{root}/{path}": entries for path, entries in diff.items()}


def test_the_work_tree_is_compared_as_it_lies(tmp_path: Path) -> None:
    project, _, head = two_commits(tmp_path, *CASES["values of every type in every format"])
    project.write({"m.json": '{"acc": 0.85, "fresh": 1}', "params.yaml": "lr: 5"})
    with project.opened() as repo:
        metrics, params = repo.metrics.diff(head), repo.params.diff(head)
    report = report_on(project, head)
    assert by_kit(changed(report.metrics)) == by_dvc(metrics["diff"])
    assert by_kit(report.params) == by_dvc(params["diff"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
