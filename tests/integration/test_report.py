"""`mlops-kit report` on real repositories: what it compares, whose rules hold, and what it says where DVC is silent."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_kit import wiring
from mlops_kit.adapters.dvc.resolver import DvcResolver
from mlops_kit.adapters.last_run import write_last_run
from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.commands.facts import read_project
from mlops_kit.commands.judge import Bench, read_live
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.review.report import parse_report
from mlops_kit.core.run import StageResult, StageState
from mlops_kit.core.types import CommitSha, EnvironmentName, PromotionKind, PromotionRecord, StageName
from mlops_kit.testing.log import MemoryLog
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
            "live": None,
            "diff": 0.895 - 0.9,
            "goal": "maximize",
            "assumed": False,
            "trend": "worse",
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
    assert "This change edits `mlops.yaml`" in call(project, "--environment", "staging", "--format", "markdown")


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


MEASURED = """\
stages:
  train: {cmd: 'cp train.csv m.pkl', deps: [train.csv], outs: [m.pkl]}
  evaluate: {cmd: 'cp value.json m.json', deps: [m.pkl, test.csv], metrics: [m.json: {cache: false}]}
artifacts: {clf: {path: m.pkl, type: model}}
"""


def measured_project(tmp_path: Path) -> Project:
    """A pipeline that DVC ran on `main`; the number that it writes lies beside it."""
    files = {
        "dvc.yaml": MEASURED, "train.csv": "1\n", "test.csv": "1\n", "value.json": '{"acc": 0.9}', "mlops.yaml": CONFIG,
    }  # fmt: skip
    made = make_project(tmp_path / "m", files, site=tmp_path / "site")
    measure(made, acc=0.9, train="1")
    return made


def measure(project: Project, *, acc: float, train: str, test: str = "1") -> str:
    """Run the pipeline with these inputs, and commit; the commit."""
    project.write({"value.json": json.dumps({"acc": acc}), "train.csv": f"{train}\n", "test.csv": f"{test}\n"})
    project.run_dvc()
    project.commit()
    return project.git("rev-parse", "HEAD").strip()


def record_of(project: Project, environment: str, commit: str) -> PromotionRecord:
    """A record that a commit's model is live."""
    (model,) = read_project(wiring.open_git(project.root, os.environ), commit).models
    assert model.digest
    return PromotionRecord(
        model=model.name,
        environment=EnvironmentName(environment),
        seq=1,
        digest=model.digest,
        sha256="0" * 64,
        recipe=model.recipe,
        previous=None,
        kind=PromotionKind.PROMOTE,
        commit=CommitSha(commit),
    )


def promote(project: Project, environment: str, commit: str) -> None:
    """Put such a record into the real log."""
    wiring.open_log(wiring.open_git(project.root, os.environ)).append_record(record_of(project, environment, commit))


def test_what_is_live_stands_beside_base_where_it_is_something_else(tmp_path: Path) -> None:
    project = measured_project(tmp_path)
    live = measure(project, acc=0.8, train="2")
    promote(project, "dev", live)
    base = measure(project, acc=0.85, train="3")
    measure(project, acc=0.86, train="4")
    found = report(project, "HEAD", "--base", base)
    assert found["live"] == {"name": "live in dev", "commit": live, "worktree": False}
    assert [(row["old"], row["live"], row["new"]) for row in found["metrics"]] == [(0.85, 0.8, 0.86)]
    text = call(project, "HEAD", "--base", base)
    assert f"beside them: live in dev ({live[:8]})" in text
    assert "m.json:acc  0.85  0.86  live 0.8  +0.01 (+1.2 %)  better" in text


def test_what_is_live_can_be_base_itself(tmp_path: Path) -> None:
    project = measured_project(tmp_path)
    live = measure(project, acc=0.8, train="2")
    promote(project, "staging", live)
    measure(project, acc=0.96, train="3")
    found = report(project, "HEAD", "--base", "live:staging")
    assert found["base"] == {"name": "live in staging", "commit": live, "worktree": False}
    assert (found["environment"], found["live"]) == ("staging", None)
    assert [(row["old"], row["live"], row["new"]) for row in found["metrics"]] == [(0.8, None, 0.96)]
    assert "nothing is live in 'dev'" in call(project, "--base", "live:dev", code=2)
    assert "something is live in: staging" in call(project, "--base", "live:dev", code=2)


def test_a_live_commit_that_is_not_here_is_said_and_fails_what_compares_with_it(tmp_path: Path) -> None:
    project = measured_project(tmp_path)
    project.write({"mlops.yaml": CONFIG.replace("max-drop: 0.01", "max-drop: 0.01, against: live")})
    base = measure(project, acc=0.9, train="3")
    git = wiring.open_git(project.root, os.environ)
    (record,) = (replace(record, commit=CommitSha("d" * 40)) for record in [record_of(project, "dev", base)])
    bench = Bench(git=git, log=MemoryLog(), resolver=DvcResolver(project.root, os.environ))
    bench.log.append_record(record)
    live = read_live(bench, EnvironmentName("dev"), known={})
    assert "is not a revision of this repository" in live.error
    assert live.files is None


def test_other_test_data_is_told_and_worth_a_look_and_refused_where_that_is_asked_for(tmp_path: Path) -> None:
    project = measured_project(tmp_path)
    base = project.git("rev-parse", "HEAD").strip()
    measure(project, acc=0.9, train="2", test="2")
    found = report(project, "HEAD", "--base", base)
    assert (found["verdict"], found["gates"][0]["answer"]) == ("warn", "pass")
    assert [(row["stage"], row["kind"], row["name"]) for row in found["obstacles"]] == [
        ("evaluate", "data", "test.csv")
    ]
    assert "m.json with base: test data changed test.csv " in call(project, "HEAD", "--base", base)
    project.git("checkout", "--quiet", "-b", "strict", base)
    project.write({"mlops.yaml": CONFIG.replace("max-drop: 0.01", "max-drop: 0.01, require-comparable: true")})
    project.commit()
    refused = report(project, "main", "--base", "strict", "--environment", "dev")["gates"][0]
    assert refused["answer"] == "not-evaluable"
    assert refused["message"].startswith("not comparable: test data changed test.csv b026324c → 26ab0db9")


def test_a_new_training_is_comparable(tmp_path: Path) -> None:
    project = measured_project(tmp_path)
    base = project.git("rev-parse", "HEAD").strip()
    measure(project, acc=0.9, train="2")
    found = report(project, "HEAD", "--base", base)
    assert (found["verdict"], found["obstacles"]) == ("pass", [])


def test_a_breach_that_the_history_of_base_explains_is_inconclusive(tmp_path: Path) -> None:
    project = measured_project(tmp_path)
    for number, acc in enumerate((0.93, 0.89, 0.92, 0.88)):
        measure(project, acc=acc, train=str(number + 2))
    base = measure(project, acc=0.91, train="8")
    measure(project, acc=0.88, train="9")
    (gate,) = report(project, "HEAD", "--base", base)["gates"]
    assert gate["answer"] == "inconclusive"
    assert "the last 6 measurements expect 95 % of values in [0.853056, 0.956944]" in gate["message"]
    measure(project, acc=0.8, train="10")
    assert report(project, "HEAD", "--base", base)["gates"][0]["answer"] == "fail"
