"""T1: for an event that has the base's secrets no stage runs, nor any other program."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.bad_input.project import Project

STARTS = (
    "subprocess.Popen",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
)
WATCHED = f"""
import sys

def watch(event, arguments):
    if event in {STARTS!r}:
        print("started", event, file=sys.stderr, flush=True)

sys.addaudithook(watch)
from mlops_kit.cli import main
main()
"""
"""The kit, telling of every process that it starts: Python itself reports them."""


def watched_reproduce(project: Project, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WATCHED, "reproduce"],
        cwd=project.folder, env={**project.variables, **variables}, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
def test_t01_a_privileged_event_starts_no_process(project: Project, event: str) -> None:
    before = project.fingerprint()

    done = watched_reproduce(project, {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event})

    assert done.returncode == 6, done.stderr
    assert event in done.stderr
    assert "started" not in done.stderr
    assert project.fingerprint() == before


def test_t01_for_another_event_processes_are_seen_to_start(project: Project) -> None:
    done = watched_reproduce(project, {"GITHUB_EVENT_NAME": "pull_request"})

    assert "started subprocess.Popen" in done.stderr
