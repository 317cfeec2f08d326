"""Child processes that are killed with SIGKILL at a random moment of their work."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

PRELOADED = [
    "github",
    "mlflow",
    "mlops_kit.adapters.commands",
    "mlops_kit.adapters.dvc.artifacts",
    "mlops_kit.adapters.dvc.resolver",
    "mlops_kit.adapters.github.connection",
    "mlops_kit.adapters.gto_mirror",
    "mlops_kit.adapters.mlflow.rest_calls",
    "mlops_kit.adapters.services",
    "mlops_kit.adapters.web",
    "mlops_kit.commands.reconcile",
    "mlops_kit.deployers.catalog",
    "mlops_kit.engines.shell",
    "tests.faults.stage",
    "tests.faults.theatre",
]
"""What a promotion imports on its way: a child that is killed should be at work, not importing."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(PRELOADED)
WAIT_SECONDS = 600.0
PARTS = 4
"""Into so many tests a suite that takes minutes is cut, for processes that test side by side."""

Note = Callable[[str, object], None]
"""pytest's `record_property`: what is noted as `trials` is printed at the end of the run."""


@dataclass
class Tally:
    """What became of the children of one test."""

    killed: int = 0
    finished: int = 0

    def __str__(self) -> str:
        return f"{self.killed} killed midway, {self.finished} finished first"


def run_child(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start the work in a process of its own; returns when it has begun."""
    here, there = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_begin, args=(there, work, arguments))
    child.start()
    there.close()
    assert here.poll(WAIT_SECONDS), "the child did not begin"
    here.close()
    return child


def kill_after(child: BaseProcess, seconds: float, tally: Tally) -> None:
    """Kill the child after that time, unless it was done before; what it started itself is waited for."""
    child.join(seconds)
    assert child.pid is not None
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    child.join(WAIT_SECONDS)
    assert child.exitcode in {0, -signal.SIGKILL}
    tally.killed += child.exitcode != 0
    tally.finished += child.exitcode == 0
    _wait_for_group(child.pid)


def next_moment(source: random.Random, tally: Tally, *, longest: float) -> float:
    """Seconds until the next kill; the first of a test comes at once, so that also a short suite kills somebody."""
    return source.uniform(0, longest) if tally.killed + tally.finished else 0.0


def wait_for(child: BaseProcess) -> None:
    """Let the child end by itself; it must end well."""
    child.join(WAIT_SECONDS)
    assert child.exitcode == 0


def random_source(test: str) -> random.Random:
    """The same sequence for the same test, unless MLOPS_KIT_FAULT_SEED says otherwise."""
    return random.Random(f"{test} {os.environ.get('MLOPS_KIT_FAULT_SEED', '0')}")  # noqa: S311 - no secret


def count_trials(part: int = 1) -> int:
    """How many trials to make: the `part`th part of MLOPS_KIT_FAULT_TRIALS, at least one."""
    return max(1, int(os.environ.get("MLOPS_KIT_FAULT_TRIALS", "20")) // part)


def count_share(trials: int) -> int:
    """How many of a suite's trials each of its PARTS makes, at least one."""
    return max(1, trials // PARTS)


def _begin(ready: Connection, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    os.setpgrp()
    ready.send("begun")
    ready.close()
    work(*arguments)


def _wait_for_group(group: int) -> None:
    """A killed child's git goes on to its end, as a server would."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        if not _is_at_work(group):
            return
        time.sleep(0.005)
    raise AssertionError(f"processes of group {group} stay")


def _is_at_work(group: int) -> bool:
    """Whether a process of the group still runs; one that ended may wait long for its adopter to take note."""
    states = [_read_group_and_state(file) for file in Path("/proc").glob("[0-9]*/stat")]
    return not states or any(found == group and state not in "ZX" for found, state in states)


def _read_group_and_state(file: Path) -> tuple[int, str]:
    """See proc(5); zero for a process that is gone meanwhile."""
    try:
        state, _parent, group = file.read_text().rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return 0, "X"
    return int(group), state
