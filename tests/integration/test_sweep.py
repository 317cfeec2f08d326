"""`reproduce --sweep` with real git and DVC: trials, experiments, the best in the work tree, interrupts."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mlops_kit.cli import run
from mlops_kit.cli.environment import read_inputs
from mlops_kit.core.errors import ExitCode
from tests.integration.dvc_project import Project, make_project

KIT = Path(sys.executable).parent / "mlops-kit"
PATIENCE_SECONDS = 60.0
STAGES = """
stages:
  load:
    cmd: echo x >> ${log}; cat data > loaded
    deps: [data]
    outs: [loaded]
  train:
    cmd: test ${train.kind} != bad && cat loaded > model && echo "{\\"acc\\":" ${train.lr} "}" > metrics.json
    deps: [loaded]
    params: [train]
    outs: [model]
    metrics: [metrics.json: {cache: false}]
"""
PARAMS = "log: {log}\ntrain:\n  lr: 0.1  # rate\n  kind: good\n"


@dataclass(frozen=True, kw_only=True)
class Sweeper:
    """A project with its data under DVC, committed; `log` has a character for each time that `load` ran."""

    project: Project
    log: Path
    read: pytest.CaptureFixture[str]
    folder: str = ""

    def run(self, *words: str) -> tuple[int, str]:
        """The exit code of a sweep over the project, and what it printed: its result, or else its error."""
        inputs = replace(read_inputs(), on_actions=False, interactive=False, event_name="", tracking_uri="")
        self.read.readouterr()
        code = run(["--repo", str(self.project.root / self.folder), "reproduce", "--jobs", "2", *words], inputs)
        out, err = self.read.readouterr()
        assert "Traceback" not in err
        return code, out or err

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """The trials of a sweep that ends well, the best first."""
        code, out = self.run("--format", "json", *words)
        assert code == ExitCode.DONE, out
        found: list[dict[str, Any]] = json.loads(out)["trials"]
        return found

    def experiments(self) -> set[str]:
        """The names of the experiments that DVC lists."""
        with self.project.opened() as repo:
            return {name for found in repo.experiments.ls().values() for name, _ in found}


@pytest.fixture
def sweeper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sweeper:
    log = tmp_path / "log"
    files = {"dvc.yaml": STAGES, "params.yaml": PARAMS.format(log=log), "data": "1"}
    project = make_project(tmp_path / "p", files, site=tmp_path / "site")
    project.git("rm", "--quiet", "--cached", "data")
    with project.opened() as repo:
        repo.add(["data"])
    project.commit()
    return Sweeper(project=project, log=log, read=capsys)


def params(row: dict[str, Any]) -> list[object]:
    return [param["value"] for param in row["params"]]


def test_trials_are_ranked_and_are_experiments_and_what_they_share_runs_once(sweeper: Sweeper) -> None:
    project = sweeper.project
    rows = sweeper.rows("--sweep", "train.lr=0.2,0.7,0.5", "--sweep", "train.kind=good,bad", "--metric", "acc")
    assert [(params(row), row["state"], row["value"]) for row in rows] == [
        ([0.7, "good"], "done", 0.7),
        ([0.5, "good"], "done", 0.5),
        ([0.2, "good"], "done", 0.2),
        ([0.2, "bad"], "failed", None),
        ([0.7, "bad"], "failed", None),
        ([0.5, "bad"], "failed", None),
    ]
    assert rows[3]["message"] == "train: exit status 1"
    assert sweeper.log.read_text() == "x\n"
    assert sweeper.experiments() == {row["name"] for row in rows[:3]}
    assert project.git("status", "--porcelain") == ""
    assert list((project.root / ".dvc/tmp/mlops-kit/sweeps").iterdir()) == []
    with project.opened() as repo:
        repo.experiments.apply(rows[1]["name"])
        assert repo.status() == {}
        shown = repo.experiments.show()
    assert {exp.name for exp_range in shown[1].experiments for exp in exp_range.revs} == sweeper.experiments()
    assert "lr: 0.5  # rate" in project.read("params.yaml")
    assert json.loads(project.read("metrics.json")) == {"acc": 0.5}


def test_the_best_is_left_in_the_work_tree_as_a_run_would_leave_it(sweeper: Sweeper, tmp_path: Path) -> None:
    project = sweeper.project
    (project.root / "data").unlink()
    rows = sweeper.rows("--sweep", "train.lr=0.2,0.7", "--metric", "metrics.json:acc", "--apply-best")
    assert project.status() == {}
    assert project.git("diff", "--name-only") == ".gitignore\nparams.yaml\n"
    assert project.states(project.run_kit()) == "data.dvc=cached load=cached train=cached"
    alone = project.clone(tmp_path / "alone")
    alone.write({"data": "1", "params.yaml": project.read("params.yaml")})
    alone.run_dvc()
    assert alone.read("dvc.lock") == project.read("dvc.lock")
    code, out = sweeper.run("--sweep", "train.lr=0.3", "--metric", "acc", "--apply-best")
    assert (code, "not committed: .gitignore, params.yaml" in out) == (ExitCode.INPUT, True)
    words = [str(KIT), "report", "--base", "HEAD", "--format", "json"]
    report = subprocess.run(words, cwd=project.root, capture_output=True, check=True, timeout=PATIENCE_SECONDS)
    sweep = json.loads(report.stdout)["sweep"]
    assert sweep["applied"] == rows[0]["name"]
    assert [row["name"] for row in sweep["trials"]] == [row["name"] for row in rows]


def test_the_same_sweep_again_computes_nothing_and_changes_no_experiment(sweeper: Sweeper) -> None:
    words = ("--sweep", "train.lr=uniform(0,1)", "--sweep-engine", "optuna", "--trials", "3", "--metric", "acc")
    first = sweeper.rows(*words)
    references = sweeper.project.git("show-ref")
    again = sweeper.rows(*words)
    assert [(row["name"], row["value"]) for row in again] == [(row["name"], row["value"]) for row in first]
    assert all(row["seconds"] == 0 for row in again)
    assert sweeper.project.git("show-ref") == references
    assert len(first) == 3


def test_a_subfolder_of_a_shallow_clone_with_another_params_file(sweeper: Sweeper, tmp_path: Path) -> None:
    stages = """
vars: [conf/p.json]
stages:
  s: {cmd: 'echo "{loss: ${a.b}}" > m.yaml', params: [conf/p.json: [a.b]], metrics: [m.yaml]}
"""
    origin = sweeper.project
    origin.write({"sub dir/dvc.yaml": stages, "sub dir/conf/p.json": '{"a": {"b": 1}}'})
    origin.commit()
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{origin.root}", tmp_path / "c"], check=True)
    clone = replace(sweeper, project=Project(root=tmp_path / "c"), folder="sub dir")
    rows = clone.rows("--sweep", "conf/p.json:a.b=range(3,0,-1)", "--metric", "sub dir/m.yaml:loss", "--apply-best")
    assert [row["value"] for row in rows] == [1, 2, 3]
    assert clone.project.states(clone.project.run_kit(folder="sub dir")) == "sub dir/dvc.yaml:s=cached"
    assert clone.project.read("sub dir/m.yaml") == "{loss: 1}\n"


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["--sweep", "train.lrr=1"], ExitCode.INPUT, "params.yaml train.lrr: there is no such param"),
        (["--sweep", "train.lr=1,1"], ExitCode.INPUT, "'train.lr=1,1', character 12: '1' is there twice"),
        (["--sweep", "train.lr=1", "--metric", "quality"], ExitCode.INPUT, "'quality': nothing says"),
        (["--sweep", "train.lr=1", "--apply-best"], ExitCode.INPUT, "--apply-best needs --metric"),
        (["--sweep", "train.lr=1", "--trials", "3"], ExitCode.INPUT, "--trials goes with --sweep-engine optuna"),
        (["--sweep", "train.lr=1", "--dry-run"], ExitCode.INPUT, "--dry-run does not go with --sweep"),
        (["--sweep", "train.lr=1", "nothing"], ExitCode.INPUT, "nothing"),
        (["--metric", "acc"], ExitCode.INPUT, "--metric goes with --sweep"),
    ],
)  # fmt: skip
def test_nothing_runs_where_the_question_is_wrong(
    sweeper: Sweeper, words: list[str], code: ExitCode, reason: str
) -> None:
    found, out = sweeper.run(*words)
    assert (found, reason in out) == (code, True), out
    assert not sweeper.log.exists()


def test_uncommitted_code_is_refused_and_names_the_file(sweeper: Sweeper) -> None:
    sweeper.project.write({"dvc.yaml": STAGES.replace("cat data", "tac data")})
    code, out = sweeper.run("--sweep", "train.lr=1")
    assert (code, "not committed: dvc.yaml; trials run the commit" in out) == (ExitCode.INPUT, True)


def test_where_all_fail_the_table_says_so_and_nothing_is_applied(sweeper: Sweeper) -> None:
    project = sweeper.project
    stages = STAGES.replace("> metrics.json\n", "> metrics.json && truncate -s 65M extra\n")
    project.write({"dvc.yaml": stages.replace("outs: [model]", "outs: [model, extra: {cache: false}]")})
    project.commit()
    code, out = sweeper.run("--sweep", "train.kind=bad,large", "--metric", "acc", "--apply-best")
    assert code == ExitCode.STAGE_FAILED
    assert "train: exit status 1" in out
    assert "its results could not be kept: extra: larger than 64 MiB" in out
    assert "2 failed" in out
    assert len(list(project.root.glob(".mlops/runs/*/sweep-*-train-*.log"))) == 2
    assert project.git("status", "--porcelain") == ""
    assert sweeper.experiments() == set()


def test_a_hostile_value_is_a_value_in_the_file_and_a_name_nowhere(sweeper: Sweeper) -> None:
    project = sweeper.project
    stages = STAGES.replace("test ${train.kind} != bad && ", "").replace("cat loaded >", "echo $DVC_EXP_NAME >")
    project.write({"dvc.yaml": stages})
    project.commit()
    (row,) = sweeper.rows("--sweep", "train.kind='$(touch hit) ''x'' | @a\u2028'", "--metric", "acc", "--apply-best")
    assert params(row) == ["$(touch hit) 'x' | @a\u2028"]
    assert not (project.root / "hit").exists()
    assert project.read("model") == f"{row['name']}\n"
    assert project.status() == {}


@contextlib.contextmanager
def started(project: Project, *words: str) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.root.parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([KIT, "reproduce", *words], cwd=project.root, env=environment, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def test_an_interrupt_keeps_what_finished_and_leaves_nothing_behind(sweeper: Sweeper, tmp_path: Path) -> None:
    project, pids = sweeper.project, tmp_path / "pids"
    slow = f"test ${{train.lr}} = 0.1 || {{ echo $$ >> {pids}; sleep 60; }}; cat loaded"
    project.write({"dvc.yaml": STAGES.replace("cat loaded", slow)})
    project.commit()
    with started(project, "--jobs", "2", "--sweep", "train.lr=0.1,0.2,0.3", "--format", "json") as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (pids.exists() and len(pids.read_text().split()) == 2 and "refs/exps" in project.git("for-each-ref")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == ExitCode.INTERRUPTED
    rows = json.loads(out)["trials"]
    states = sorted((row["state"], *params(row)) for row in rows)
    assert states == [("done", 0.1), ("interrupted", 0.2), ("interrupted", 0.3)]
    assert list((project.root / ".dvc/tmp/mlops-kit/sweeps").iterdir()) == []
    assert [pid for pid in pids.read_text().split() if Path(f"/proc/{pid}").exists()] == []
    assert len(sweeper.experiments()) == 1
