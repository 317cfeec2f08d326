"""Paired runs: the same pipeline in two fresh repositories, once with `dvc repro`, once with the kit."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

BIN = Path(sys.executable).parent
_CLEAN = "Data and pipelines are up to date."


@dataclass(frozen=True, kw_only=True)
class Case:
    """A pipeline to run, and how the kit is told to run it; `again` measures a second run with nothing to do."""

    name: str
    stages: Mapping[str, object]
    jobs: int
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Wall seconds of the two, start-up included."""

    name: str
    dvc: float
    kit: float


class DifferentResultsError(Exception):
    """The kit's run did not end where DVC's did."""


def sleepers(count: int) -> Mapping[str, object]:
    """Independent stages that take a second each."""
    return {f"sleep{number}": {"cmd": f"sleep 1; echo {number} > s{number}", "outs": [f"s{number}"]}
            for number in range(count)}  # fmt: skip


def chain(count: int) -> Mapping[str, object]:
    """Trivial stages, each of which needs the one before."""
    first: dict[str, object] = {"link0": {"cmd": "echo 0 > c0", "outs": ["c0"]}}
    for number in range(1, count):
        before = f"c{number - 1}"
        cmd = f"cp {before} c{number}; echo {number} >> c{number}"
        first[f"link{number}"] = {"cmd": cmd, "deps": [before], "outs": [f"c{number}"]}
    return first


CASES = (
    Case(name="32 independent stages of 1 s", stages=sleepers(32), jobs=32),
    Case(name="chain of 200 trivial stages", stages=chain(200), jobs=2),
    Case(name="chain of 200, nothing changed", stages=chain(200), jobs=2, again=True),
)


def measure(case: Case) -> Pair:
    """Run a case both ways in fresh repositories and compare what came out."""
    with tempfile.TemporaryDirectory(prefix="mlops-kit-bench-") as folder:
        base = Path(folder)
        environment = _environment(base)
        kit_words = [str(BIN / "mlops-kit"), "reproduce", "--jobs", str(case.jobs)]
        dvc, theirs = _run_in(base / "dvc", case, environment, [str(BIN / "dvc"), "repro", "--quiet"])
        kit, ours = _run_in(base / "kit", case, environment, kit_words)
        if theirs != ours:
            raise DifferentResultsError(f"{case.name}: dvc.lock differs")
        return Pair(name=case.name, dvc=dvc, kit=kit)


def _run_in(folder: Path, case: Case, environment: Mapping[str, str], words: list[str]) -> tuple[float, str]:
    """Seconds of the run, and the lock that it left."""
    folder.mkdir()
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": dict(case.stages)}, sort_keys=False))

    def call(*command: str) -> str:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed in {folder}: {done.stderr[-2000:]}")
        return done.stdout

    call("git", "init", "--quiet")
    call(str(BIN / "dvc"), "init", "--quiet")
    seconds = _timed(lambda: call(*words))
    if case.again:
        seconds = _timed(lambda: call(*words))
    if _CLEAN not in call(str(BIN / "dvc"), "status"):
        raise DifferentResultsError(f"{case.name}: dvc status is not clean")
    return seconds, (folder / "dvc.lock").read_text()


def _timed(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _environment(home: Path) -> dict[str, str]:
    """The caller's, with a home and a state folder of its own, and no telemetry."""
    return {
        **os.environ,
        "HOME": str(home),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "site"),
        "SHELL": "/bin/sh",
    }
