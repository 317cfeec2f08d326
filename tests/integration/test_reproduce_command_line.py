"""`mlops-kit reproduce` as a process: exit codes, output, environment, interrupts, broken locks."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.dvc_project import Project, make_project

KIT = Path(sys.executable).parent / "mlops-kit"
PATIENCE_SECONDS = 60.0
COPY = (
    "stages: {copy: {cmd: cat in > out, deps: [in], outs: [out]}, "
    "after: {cmd: cat out > end, deps: [out], outs: [end]}}"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", {"dvc.yaml": COPY, "in": "1"}, site=tmp_path / "site")


def start(project: Project, *words: str, variables: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project.root.parent), **(variables or {})}
    return subprocess.Popen(
        [KIT, "reproduce", *words],
        cwd=project.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(project: Project, *words: str, variables: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    process = start(project, *words, variables=variables)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in err
    return process.returncode, out, err


def test_a_run_ends_with_a_table(project: Project) -> None:
    code, out, err = run(project)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[:3]] == [
        ["stage", "state"],
        ["copy", "ran"],
        ["after", "ran"],
    ]
    assert out.endswith("2 ran\n")
    assert "copy: started\n" in err


def test_json_names_every_stage_its_state_and_seconds(project: Project) -> None:
    code, out, _ = run(project, "--format", "json", "copy")
    (stage,) = json.loads(out)["stages"]
    assert code == 0
    assert (stage["name"], stage["state"], stage["message"]) == ("copy", "ran", "")
    assert stage["seconds"] > 0


def test_a_failed_stage_is_exit_seven_with_its_log_and_last_lines(project: Project) -> None:
    project.write({"dvc.yaml": COPY.replace("cat in > out", "echo the reason; exit 3")})
    code, out, err = run(project)
    assert code == 7
    assert "the reason\n---\n" in err
    error, hint = err.splitlines()[-2:]
    assert error == "mlops-kit: error: stage 'copy' failed: exit status 3"
    log = project.root / hint.removeprefix("hint: its output: ")
    assert "the reason" in log.read_text()
    assert "after  skipped" in out


def test_a_stage_gets_the_users_environment_and_no_token_of_the_kit(project: Project) -> None:
    project.write({"dvc.yaml": "stages: {show: {cmd: env > shown, outs: [shown]}}"})
    given = {"MY_OWN": "kept", "VIRTUAL_ENV": "/theirs", "RUNNER_TRACKING_ID": "r", "PATH": f"/theirs/bin:{os.defpath}"}
    secret = dict.fromkeys(("MLOPS_KIT_TOKEN", "GITHUB_TOKEN", "GITHUB_OUTPUT", "ACTIONS_RUNTIME_TOKEN"), "canary")
    assert run(project, variables={**os.environ, **given, **secret})[0] == 0
    shown = dict(line.split("=", 1) for line in project.read("shown").splitlines() if "=" in line)
    assert {name: shown.get(name) for name in given} == given
    assert "canary" not in project.read("shown")
    assert (shown["DVC_ROOT"], shown["DVC_STAGE"]) == (str(project.root), "show")


def test_on_actions_a_stage_cannot_steer_the_runner(project: Project) -> None:
    project.write(
        {"dvc.yaml": "stages: {evil: {cmd: 'echo ::set-output name=gate::pass', outs: [], always_changed: true}}"}
    )
    code, out, err = run(project, variables={"GITHUB_ACTIONS": "true"})
    assert code == 0
    lines = (out + err).splitlines()
    assert "::group::" in err
    assert not [line for line in lines if "::set-output" in line]
    stop = next(number for number, line in enumerate(lines) if line.startswith("::stop-commands::"))
    resume = lines.index(f"::{lines[stop].removeprefix('::stop-commands::')}::")
    assert stop < resume


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_commands_and_keeps_what_was_finished(project: Project, number: signal.Signals) -> None:
    long = "stages: {quick: {cmd: echo 1 > q, outs: [q]}, long: {cmd: 'echo $$ > pid; sleep 60; echo > l', outs: [l]}}"
    project.write({"dvc.yaml": long})
    process = start(project, "--jobs", "2")
    wait_for(lambda: (project.root / "pid").exists() and (project.root / "q").exists())
    time.sleep(0.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "interrupted" in err.splitlines()[-2]
    assert "Traceback" not in err
    assert "quick  ran" in out
    lock = project.read("dvc.lock")
    assert "quick:" in lock
    assert "long:" not in lock
    with pytest.raises(ProcessLookupError):
        os.killpg(int(project.read("pid")), 0)
    assert not (project.root / ".dvc/tmp/rwlock").exists()


def test_after_a_kill_the_next_run_goes_on_unaided(project: Project) -> None:
    project.write({"dvc.yaml": "stages: {long: {cmd: 'echo $$ > pid; sleep 60', outs: [l], deps: [in]}}"})
    process = start(project)
    wait_for(lambda: (project.root / "pid").exists() and project.read("pid").strip() != "")
    process.kill()
    process.communicate()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(int(project.read("pid")), signal.SIGKILL)
    project.write({"dvc.yaml": COPY})
    assert run(project)[0] == 0


def test_damage_that_nobody_can_mend_is_exit_six_with_both_hashes(project: Project) -> None:
    run(project)
    for path in (project.root / ".dvc/cache/files").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_text("x")
            path.chmod(0o444)
    project.write({"out": "x", "end": "x"})
    code, _, err = run(project, "--verify")
    assert code == 6
    right, wrong = (hashlib.md5(text, usedforsecurity=False).hexdigest() for text in (b"1", b"x"))
    assert f"the cache's object of out: expected md5:{right}, found md5:{wrong}" in err
    assert "hint: where no remote has it: remove it here" in err


def test_an_emptied_lock_is_taken_from_the_last_commit(project: Project) -> None:
    run(project)
    project.commit()
    lock = project.read("dvc.lock")
    project.write({"dvc.lock": ""})
    code, out, err = run(project)
    assert code == 0
    assert "dvc.lock was empty: took it from the last commit" in err
    assert "2 cached" in out
    assert project.read("dvc.lock") == lock


def test_a_lock_that_was_cut_short_comes_back_as_the_kit_wrote_it_though_nobody_committed_it(project: Project) -> None:
    run(project)
    lock = project.read("dvc.lock")
    project.write({"dvc.lock": lock[: len(lock) // 2]})
    code, out, err = run(project)
    assert code == 0
    assert "dvc.lock was cut short: took it from the copy of what mlops-kit wrote last" in err
    assert "2 cached" in out
    assert project.read("dvc.lock") == lock


def test_after_another_commit_a_cut_lock_is_the_commits(project: Project) -> None:
    run(project)
    project.write({"dvc.yaml": COPY.replace("cat in", "cat < in")})
    project.run_dvc()
    project.commit()
    lock = project.read("dvc.lock")
    project.write({"dvc.lock": ""})
    code, _, err = run(project)
    assert code == 0
    assert "dvc.lock was empty: took it from the last commit" in err
    assert project.read("dvc.lock") == lock


def broken_locks(lock: str) -> dict[str, tuple[str, int, str]]:
    """What a lock becomes, the exit code, and the beginning of the complaint."""
    conflict = lock.replace("stages:\n", "stages:\n<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    return {
        "garbage": ("stages: [", 2, "mlops-kit: error: dvc.lock"),
        "conflict": (conflict, 4, "mlops-kit: error: dvc.lock:3: merge conflict in dvc.lock line 3"),
    }


@pytest.mark.parametrize("kind", ["garbage", "conflict"])
def test_a_broken_lock_is_refused_with_its_name_and_nothing_is_written(project: Project, kind: str) -> None:
    run(project)
    project.commit()
    text, expected, beginning = broken_locks(project.read("dvc.lock"))[kind]
    project.write({"dvc.lock": text, "in": "2"})
    before = project.picture()
    code, _, err = run(project)
    assert code == expected
    assert err.startswith(beginning)
    assert "hint: " in err
    assert project.picture() == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("stages: {}", "dvc.yaml: no stages"),
        ("stages: {a: {cmd: x, outs: [y]}, a: {cmd: x}}", "dvc.yaml"),
        ("stages: {a: {cmd: x, uots: [y]}}", "dvc.yaml"),
        ("stages: {a: {cmd: 'x ${none}', outs: [y]}}", "none"),
        ("stages: {a: {cmd: x, deps: [y], outs: [z]}, b: {cmd: x, deps: [z], outs: [y]}}", "in a circle: a -> b -> a"),
        ("stages: [", "dvc.yaml"),
    ],
)
def test_a_wrong_pipeline_is_exit_two_and_says_what_is_wrong(project: Project, text: str, complaint: str) -> None:
    project.write({"dvc.yaml": text})
    code, _, err = run(project)
    assert code == 2
    assert err.startswith("mlops-kit: error: ")
    assert complaint in err.splitlines()[0]


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_a_privileged_event_is_refused_before_anything_runs(project: Project, event: str) -> None:
    code, _, err = run(project, variables={"GITHUB_EVENT_NAME": event})
    assert code == 6
    assert event in err
    assert not (project.root / "out").exists()


def test_a_broken_configuration_of_dvc_is_exit_two(project: Project) -> None:
    project.write({".dvc/config": "[core\n"})
    code, _, err = run(project)
    assert code == 2
    assert "configuration" in err or "config" in err


def test_a_missing_pipeline_is_exit_two(project: Project) -> None:
    (project.root / "dvc.yaml").unlink()
    code, _, err = run(project)
    assert code == 2
    assert err.startswith("mlops-kit: error: no dvc.yaml in ")


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    assert callable(condition)
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
