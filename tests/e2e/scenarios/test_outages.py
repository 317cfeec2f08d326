"""What happens where GitHub or MLflow does not answer, and where somebody cancels."""

import os
import signal
import time
from pathlib import Path

from tests.e2e.act import LIMIT_SECONDS, finish
from tests.e2e.scenarios.scene import Scene, comments, open_pull_request, push, review
from tests.e2e.test_review import JOBS
from tests.fakes.github import Fault

GONE_SECONDS = 30
STAGES = """
stages:
  quick:
    cmd: python3 -c "open('quick.txt', 'w').write('done')"
    outs: [quick.txt]
  slow:
    cmd: python3 slow.py
    deps: [quick.txt]
    outs: [slow.txt]
"""
SLOW = """
import os, pathlib, time
pathlib.Path({there!r}).write_text(str(os.getpid()))
time.sleep(600)
"""


def test_a_storm_of_429_is_waited_out(scene: Scene) -> None:
    event = open_pull_request(scene, scene.stage.consumer.head("better"))
    for method, path in (("GET", "/pulls/7"), ("GET", "/issues/7/comments"), ("POST", "/check-runs")):
        scene.github.fail(Fault(method=method, path=path, n=2, status=429, headers={"retry-after": "1"}))

    run = review(scene, event)

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert len(comments(scene)) == 1


def test_a_registry_that_is_down_makes_the_job_red_and_the_schedule_repairs_it(scene: Scene) -> None:
    scene.proxy.fail(Fault(method="", path="", n=10_000, status=503))
    down = push(scene, "dev")
    assert (down.code, down.jobs) == (1, {"Promote": "failure"}), down.text
    assert "exit status 5" in down.text
    assert scene.registry.aliases() == {}
    scene.proxy.faults.clear()

    run = scene.play("reconcile.yml", "schedule", {"schedule": "17 * * * *"}, run_id=2)

    assert scene.registry.aliases()["dev"] == "1", run.text


def test_a_cancelled_run_leaves_no_process_behind(scene: Scene) -> None:
    consumer, there = scene.stage.consumer, scene.stage.folder / "pid"
    consumer.git("checkout", "--quiet", "-B", "slow", "origin/main")
    (consumer.clone / "dvc.yaml").write_text(STAGES)
    (consumer.clone / "slow.py").write_text(SLOW.format(there=str(there)))
    event = open_pull_request(scene, consumer.publish("slow"))
    scene.let_in("review.yml")
    process = scene.stage.start("review.yml", "pull_request", event)
    stage = _wait_for_pid(there)

    os.kill(process.pid, signal.SIGINT)
    run = finish(process)

    scene.note("review.yml on pull_request, cancelled", run, 0)
    assert run.code != 0
    assert _is_gone_soon(stage), "the kit ends what it started, also where its own runner is gone first"


def _is_gone_soon(pid: int) -> bool:
    """Whether a process ends within the time that a stage has to end by itself, and some more."""
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        try:
            if ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def _wait_for_pid(file: Path) -> int:
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if file.is_file() and (text := file.read_text()):
            return int(text)
        time.sleep(0.05)
    raise AssertionError("the stage did not start")
