"""How long the action takes from its own first line to the verb: with its environment there, and made from the lock."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.cases import Case, Row

_ENTRY = Path(__file__).resolve().parents[1] / "bin" / "action.py"
_VERBS = ("validate", "reproduce", "report", "comment", "reconcile")
_OWN = ("PIP_", "UV_", "XDG_", "SSL_")


def warm_start() -> Row:
    """The slowest verb's start, the fastest of five: `--help` is answered where the verb's own work would begin."""
    seconds = {
        verb: min(_start(f"{verb} --help", MLOPS_KIT_ENVIRONMENT=sys.prefix) for _ in range(5)) for verb in _VERBS
    }
    slowest = max(seconds, key=lambda verb: seconds[verb])
    return _row("action, warm", f"{slowest} {seconds[slowest]:.2f} s", "under 1 s", met=seconds[slowest] < 1)


def cold_start() -> Row:
    """The same with no environment, whose packages come from the index or from uv's own cache."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = _start("--version", RUNNER_TEMP=folder)
    return _row("action, cold", f"{seconds:.0f} s", "under 120 s", met=seconds < 120)


def _start(command: str, **variables: str) -> float:
    kept = {name: value for name, value in os.environ.items() if name.startswith(_OWN) or name in ("PATH", "HOME")}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-I", _ENTRY], env={**kept, "KIT_COMMAND": command, **variables}, check=True,
        capture_output=True, timeout=900,
    )  # fmt: skip
    return time.perf_counter() - started


def _row(name: str, ours: str, goal: str, *, met: bool) -> Row:
    return Row(name=name, theirs="", ours=ours, ratio="", goal=goal, met=met)


START_CASES = (
    Case(name="action-warm", title="the action's start, environment present", measure=warm_start),
    Case(name="action-cold", title="the action's start, environment made", measure=cold_start),
)
