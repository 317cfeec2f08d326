"""`--engine dvc`: DVC's own loop behind the same command line, with the same table, exit codes and signals."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.dvc_project import Project, make_project
from tests.integration.scenarios import SCENARIOS
from tests.integration.test_reproduce_command_line import COPY, PATIENCE_SECONDS, run, start, wait_for
from tests.integration.test_reproduce_equals_dvc import assert_equal, pair_of_projects

CHOSEN = (
    "paths inside and around outputs",
    "foreach, matrix, vars, params in several files",
    "a stage, a generated stage and another file's stage as targets",
    "all pipelines",
    "a frozen stage",
    "a result that comes from the run-cache",
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", {"dvc.yaml": COPY, "in": "1"}, site=tmp_path / "site")


def states(out: str) -> dict[str, str]:
    return {stage["name"]: stage["state"] for stage in json.loads(out)["stages"]}


@pytest.mark.parametrize("name", CHOSEN)
def test_the_workspace_and_the_cache_are_what_dvc_leaves(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    theirs, ours = pair_of_projects(tmp_path, scenario)
    more = ("--all-pipelines",) if scenario.everything else ()
    for change in scenario.changes:
        change(theirs)
        change(ours)
        theirs.run_dvc(*scenario.targets, folder=scenario.folder, all_pipelines=scenario.everything)
        code, _, err = run(ours, "--engine", "dvc", *more, *scenario.targets)
        assert code == 0, err
        assert_equal(ours, theirs)


def test_the_table_names_what_ran_what_was_cached_and_what_came_back(project: Project) -> None:
    first = run(project, "--engine", "dvc", "--format", "json")
    assert (first[0], states(first[1])) == (0, {"copy": "ran", "after": "ran"})
    assert states(run(project, "--engine", "dvc", "--format", "json")[1]) == {"copy": "cached", "after": "cached"}
    project.write({"in": "2"})
    run(project, "--engine", "dvc")
    project.write({"in": "1"})
    assert states(run(project, "--engine", "dvc", "--format", "json")[1]) == {"copy": "restored", "after": "restored"}
    assert states(run(project, "--engine", "dvc", "--force", "--format", "json", "copy")[1]) == {"copy": "ran"}


def test_what_a_stage_prints_is_its_own(project: Project) -> None:
    project.write({"dvc.yaml": COPY.replace("cat in > out", "echo from copy; sleep 0.3; cat in > out")})
    _, _, err = run(project, "--engine", "dvc")
    assert "copy | from copy\n" in err


def test_a_failed_stage_is_exit_seven_with_its_log_and_the_others_are_skipped(project: Project) -> None:
    project.write({"dvc.yaml": COPY.replace("cat in > out", "echo the reason; exit 3")})
    code, out, err = run(project, "--engine", "dvc")
    assert code == 7
    error, hint = err.splitlines()[-2:]
    assert error.startswith("mlops-kit: error: stage 'copy' failed: failed to run: echo the reason; exit 3")
    assert "the reason" in (project.root / hint.removeprefix("hint: its output: ")).read_text()
    assert "after  skipped" in out


def test_keep_going_runs_what_does_not_need_the_failed_stage(project: Project) -> None:
    more = (
        "bad: {cmd: exit 3, outs: [b]}, good: {cmd: echo > g, outs: [g]}, needs: {cmd: cat b > n, deps: [b], outs: [n]}"
    )
    project.write({"dvc.yaml": f"stages: {{{more}}}"})
    code, out, _ = run(project, "--engine", "dvc", "--keep-going", "--format", "json")
    assert (code, states(out)) == (7, {"bad": "failed", "good": "ran", "needs": "skipped"})


def test_results_are_pushed_and_pulled(project: Project, tmp_path: Path) -> None:
    remote = f"    remote = store\n['remote \"store\"']\n    url = {tmp_path / 'store'}\n"
    project.write({".dvc/config": project.read(".dvc/config") + remote})
    assert run(project, "--engine", "dvc", "--push")[0] == 0
    project.commit()
    subprocess.run(["git", "clone", "--quiet", project.root, tmp_path / "clone"], check=True)
    clone = Project(root=tmp_path / "clone")
    code, out, err = run(clone, "--engine", "dvc", "--pull", "--format", "json")
    assert (code, states(out)) == (0, {"copy": "restored", "after": "restored"}), err
    assert clone.read("end") == "1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_command_and_keeps_what_was_finished(project: Project, number: signal.Signals) -> None:
    long = "quick: {cmd: echo 1 > q, outs: [q]}, long: {cmd: 'echo $$ > pid; sleep 60; echo > l', deps: [q], outs: [l]}"
    project.write({"dvc.yaml": f"stages: {{{long}}}"})
    process = start(project, "--engine", "dvc")
    wait_for(lambda: (project.root / "pid").exists() and project.read("pid").strip() != "")
    time.sleep(0.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "quick  ran" in out
    assert "quick:" in project.read("dvc.lock")
    with pytest.raises(ProcessLookupError):
        os.kill(int(project.read("pid")), 0)
    project.write({"dvc.yaml": COPY})
    assert run(project)[0] == 0


def test_bad_input_is_refused_before_dvc_begins(project: Project) -> None:
    project.write({"dvc.yaml": "stages: {a: {cmd: touch ran, outs: [../x]}}"})
    code, _, err = run(project, "--engine", "dvc")
    assert (code, (project.root / "ran").exists()) == (6, False)
    assert "lies outside of the repository" in err


def test_an_unknown_engine_is_exit_two(project: Project) -> None:
    code, _, err = run(project, "--engine", "steam")
    assert code == 2
    assert err.startswith("mlops-kit: error: 'steam' is not an engine\nhint: one of: local, dvc")
