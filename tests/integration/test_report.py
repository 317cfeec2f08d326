"""`mlops-kit report` on real repositories: what it compares, whose rules hold, and what it says where DVC is silent."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from mlops_kit.adapters.dvc.resolver import DvcResolver
from mlops_kit.adapters.last_run import write_last_run
from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.review.report import parse_report
from mlops_kit.core.run import StageResult, StageState
from mlops_kit.core.types import StageName
from tests.integration.dvc_project import Project, make_project

PIPELINE = "stages: {t: {cmd: 'true', params: [lr], outs: [model], metrics: [m.json: {cache: false}]}}\n"
MODEL = "artifacts: {clf: {path: model, type: model}}\n"
CONFIG = """\
version: 1
metrics: {acc: {goal: maximize}}
environments:
  dev: {branch: main, gates: [{metric: acc, max-drop: 0.01}]}
  staging: {branch: staging, after: dev, gates: [{metric: acc, min: 0.95}]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A branch `change` on top of `main`, with a slightly worse metric and another param."""
    files = {"dvc.yaml": PIPELINE + MODEL, "params.yaml": "lr: 1\n", "m.json": '{"acc": 0.9}', "mlops.yaml": CONFIG}
    made = make_project(tmp_path / "p", files, site=tmp_path / "site")
    made.git("checkout", "--quiet", "-b", "change")
    made.write({"m.json": '{"acc": 0.895}', "params.yaml": "lr: 2\n"})
    made.commit()
    return made


def call(project: Project, *words: str, code: int = 0) -> str:
    """Run `mlops-kit report` and expect an exit code; what it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "GITHUB"))}
    inputs = parse_inputs(inherited, folder=project.root, terminal=False)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        found = run(["report", *words], inputs)
    assert found == code, err.getvalue()
    return out.getvalue() if code in {0, 4} else err.getvalue()


def report(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    """The report as a document, checked as the privileged job checks it."""
    text = call(project, *words, "--format", "json", code=code)
    parse_report(text.encode(), file="report.json")
    found: dict[str, Any] = json.loads(text)
    return found


def test_without_a_base_the_merge_base_with_main_is_taken_and_named(project: Project) -> None:
    project.git("checkout", "--quiet", "main")
    project.write({"m.json": '{"acc": 0.1}'})
    project.commit()
    project.git("checkout", "--quiet", "change")
    found = report(project)
    assert found["base"]["name"] == "merge base with main"
    assert found["base"]["commit"] == project.git("merge-base", "main", "change").strip()
    assert found["metrics"] == [
        {
            "path": "m.json",
            "key": "acc",
            "old": 0.9,
            "new": 0.895,
            "diff": 0.895 - 0.9,
            "goal": "maximize",
            "trend": "worse",
            "live": None,
            "assumed": False,
        }
    ]
    assert found["params"] == [{"path": "params.yaml", "key": "lr", "old": 1, "new": 2}]


def test_a_named_base_is_taken_as_it_is(project: Project) -> None:
    assert report(project, "--base", "change")["params"] == []
    assert "not a revision" in call(project, "--base", "nowhere", code=2)


def test_a_head_that_is_main_itself_is_compared_with_its_parent(project: Project) -> None:
    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "change")
    assert report(project, "main")["base"]["name"] == "main^"


def test_the_work_tree_is_head_unless_one_is_named(project: Project) -> None:
    project.write({"m.json": '{"acc": 0.5}'})
    assert report(project)["metrics"][0]["new"] == 0.5
    assert report(project)["head"]["worktree"] is True
    assert report(project, "change")["metrics"][0]["new"] == 0.895


def test_the_environment_is_the_one_that_follows_base(project: Project) -> None:
    project.git("branch", "staging", "main")
    assert report(project)["environment"] == "dev"
    assert report(project, "--base", "staging")["environment"] == "staging"
    assert report(project, "--base", "main", "--environment", "staging")["environment"] == "staging"
    assert "did you mean" not in call(project, "--environment", "prod", code=2)


def test_gates_are_shown_and_only_refuse_when_asked(project: Project) -> None:
    (gate,) = report(project)["gates"]
    assert (gate["answer"], gate["rule"]) == ("pass", "acc max-drop 0.01 against base")
    found = report(project, "--environment", "staging")
    assert (found["verdict"], found["gates"][0]["answer"]) == ("fail", "fail")
    call(project, "--environment", "staging", "--exit-code", code=4)


def test_a_change_cannot_loosen_the_gate_that_it_is_judged_by(project: Project) -> None:
    project.write({"mlops.yaml": CONFIG.replace("0.95", "0.01")})
    project.commit()
    found = report(project, "--environment", "staging")
    assert (found["verdict"], found["policy_changed"]) == ("fail", True)
    assert "edits the rules" in call(project, "--environment", "staging", "--format", "markdown")


def test_rules_that_base_does_not_have_yet_are_head_s_and_say_so(project: Project) -> None:
    project.git("checkout", "--quiet", "main")
    project.git("rm", "--quiet", "mlops.yaml")
    project.git("commit", "--quiet", "--message", "no rules")
    found = report(project, "change", "--base", "main", "--environment", "staging")
    assert (found["verdict"], found["policy_changed"]) == ("fail", True)
    assert "base has no mlops.yaml: the change is judged by its own" in found["notes"]


def test_a_broken_metrics_file_is_said_and_fails_its_gate(project: Project) -> None:
    project.write({"m.json": '<<<<<<< HEAD\n{"acc": 1}\n=======\n{"acc": 2}\n>>>>>>> main\n'})
    found = report(project)
    assert found["gates"][0]["answer"] == "not-evaluable"
    assert found["metrics"][0]["trend"] == "unreadable"
    assert any(note.startswith("m.json cannot be read in head: m.json:1") for note in found["notes"])


def test_a_base_that_cannot_be_read_fails_what_compares_with_it(project: Project) -> None:
    project.git("checkout", "--quiet", "main")
    project.write({"dvc.yaml": "stages: ["})
    project.commit()
    found = report(project, "change", "--base", "main")
    assert (found["verdict"], found["gates"][0]["answer"]) == ("fail", "not-evaluable")
    assert any(note.startswith("base cannot be read: dvc.yaml:") for note in found["notes"])


def test_a_metric_that_was_lost_from_the_cache_is_no_missing_metric(tmp_path: Path) -> None:
    pipeline = """stages: {t: {cmd: 'echo {\\"x\\":1} > m.json', metrics: [m.json]}}"""
    project = make_project(tmp_path / "p", {"dvc.yaml": pipeline}, site=tmp_path / "site")
    project.run_dvc()
    project.commit()
    project.git("-c", "core.excludesFile=/dev/null", "clean", "-fdxq", "-e", ".dvc/config")
    found = report(project, "HEAD", "--base", "HEAD")
    assert found["verdict"] == "warn"
    assert any("m.json cannot be read in head" in note for note in found["notes"])


def test_a_metrics_file_behind_a_link_is_never_read(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"password": "hunter2"}')
    (project.root / "m.json").unlink()
    (project.root / "m.json").symlink_to(tmp_path / "secret.json")
    assert "hunter2" not in call(project, "--format", "json", code=6)


def test_a_lock_that_is_not_committed_is_said(project: Project) -> None:
    project.write({"dvc.lock": "schema: '2.0'\n"})
    assert report(project)["lock_uncommitted"] is True
    project.commit()
    assert report(project)["lock_uncommitted"] is False


def test_a_lock_that_nobody_ran_is_worth_a_look(project: Project) -> None:
    found = report(project)
    assert found["verdict"] == "warn"
    assert any("lock inconsistent: stage t: dvc.yaml: has no entry" in note for note in found["notes"])


def test_the_last_run_s_states_are_shown_for_what_is_checked_out(project: Project) -> None:
    write_last_run(project.root, (StageResult(name=StageName("t"), state=StageState.RAN, seconds=1.25),))
    (stage,) = report(project)["stages"]
    assert (stage["name"], stage["state"], stage["seconds"]) == ("t", "ran", 1.25)
    assert report(project, "main", "--base", "change")["stages"][0]["state"] == ""


def test_a_root_below_the_top_has_its_own_last_run(tmp_path: Path) -> None:
    files = {"sub/.dvc/config": "", "sub/dvc.yaml": "stages: {t: {cmd: 'true'}}"}
    nested = make_project(tmp_path / "p", files, site=tmp_path / "site")
    results = (StageResult(name=StageName("t"), state=StageState.FAILED, seconds=2.0),)
    write_last_run(nested.root / "sub", results)
    (stage,) = report(nested, "--base", "HEAD")["stages"]
    assert (stage["name"], stage["state"]) == ("sub/dvc.yaml:t", "failed")


HEAVY = "dvc mlflow github ray sklearn pandas numpy pyarrow jinja2 requests rich"


def test_the_plan_is_what_a_merge_would_cause_and_heavy_libraries_stay_asleep(project: Project) -> None:
    project.write({"model": "bytes"})
    project.git("add", "--force", "model")
    project.commit()
    code = "import os, sys; from mlops_kit.cli import run; from mlops_kit.cli.environment import read_inputs; "
    code += "run(sys.argv[1:], read_inputs()); "
    code += "print(set(os.environ['HEAVY'].split()) & sys.modules.keys(), file=sys.stderr)"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")} | {"HEAVY": HEAVY}
    words = [sys.executable, "-c", code, "report", "--format", "json"]
    done = subprocess.run(words, cwd=project.root, env=variables, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
    plan = json.loads(done.stdout)["plan"]
    assert plan["changes"] or plan["blocked"]


def test_the_same_question_gets_the_same_bytes(project: Project) -> None:
    for style in ("json", "markdown", "text"):
        assert call(project, "--format", style) == call(project, "--format", style)


def test_the_report_can_go_to_a_file(project: Project, tmp_path: Path) -> None:
    place = tmp_path / "new" / "report.json"
    assert call(project, "--format", "json", "--output", str(place)) == ""
    assert parse_report(place.read_bytes(), file="report.json").environment == "dev"


def test_a_repository_without_a_pipeline_is_no_subject(tmp_path: Path) -> None:
    empty = make_project(tmp_path / "p", {"README.md": ""}, site=tmp_path / "site")
    assert "there is no dvc.yaml" in call(empty, "--base", "HEAD", code=2)


def test_a_reading_by_dvc_that_takes_too_long_is_an_error(project: Project) -> None:
    resolver = DvcResolver(project.root, os.environ, timeout_seconds=0.01)
    with pytest.raises(OutsideError, match="no answer within"):
        resolver.read_values("", None)


def test_twenty_thousand_metrics_still_cross(project: Project) -> None:
    project.write({"m.json": json.dumps({"acc": 0.9, **{f"m{number}": number for number in range(20_000)}})})
    text = call(project, "--format", "json")
    assert len(text.encode()) <= 900_000
    found = json.loads(text)
    assert any("the report was too large" in note for note in found["notes"])
    assert "acc" in {row["key"] for row in found["metrics"]}
