"""Runs a program in a fresh repository, start-up included, and measures its wall time and its peak memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

BIN = Path(sys.executable).parent
DVC, KIT = str(BIN / "dvc"), str(BIN / "mlops-kit")
_CLEAN = "Data and pipelines are up to date."
_RESIDENT_UNIT = 1 if sys.platform == "darwin" else 1024


class DifferentResultsError(Exception):
    """The kit's run did not end where DVC's did."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Wall seconds, and of the program and all that it started processor seconds and the largest resident bytes."""

    seconds: float
    memory: int
    cpu_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository with DVC in it, and what programs in it get as environment."""

    root: Path
    environment: Mapping[str, str]

    def run(self, *words: str) -> Run:
        """Run a program to its end; an exception where it fails."""
        started = time.monotonic()
        with (self.root.parent / "output").open("wb") as output:
            process = subprocess.Popen(words, cwd=self.root, env=self.environment, stdout=output, stderr=output)
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said = (self.root.parent / "output").read_text(errors="replace")
            raise RuntimeError(f"{words[0]} failed with {process.returncode}: {said[-2000:]}")
        return Run(
            seconds=time.monotonic() - started,
            memory=used.ru_maxrss * _RESIDENT_UNIT,
            cpu_seconds=used.ru_utime + used.ru_stime,
        )

    def read_output(self, *words: str) -> str:
        """What a program prints; an exception where it fails."""
        self.run(*words)
        return (self.root.parent / "output").read_text()

    def read_lock(self) -> str:
        """The text of dvc.lock."""
        return (self.root / "dvc.lock").read_text()

    def require_clean(self) -> None:
        """DVC itself must find nothing to do."""
        words = [DVC, "status"]
        done = subprocess.run(words, cwd=self.root, env=self.environment, capture_output=True, text=True, check=True)
        if _CLEAN not in done.stdout:
            raise DifferentResultsError(f"dvc status is not clean: {done.stdout[:500]}")


@contextmanager
def fresh_repository(files: Mapping[str, str]) -> Iterator[Repository]:
    """A new repository with these files, gone afterwards."""
    with TemporaryDirectory(prefix="mlops-kit-bench-") as folder:
        base = Path(folder)
        (base / "r").mkdir()
        repository = Repository(root=base / "r", environment=bench_environment(base))
        for path, text in files.items():
            (base / "r" / path).write_text(text)
        repository.run("git", "init", "--quiet")
        repository.run(DVC, "init", "--quiet")
        yield repository


def warm_up(files: Mapping[str, str]) -> None:
    """Run both programs once, so that neither is measured while it compiles its modules."""
    for words in ([DVC, "repro"], [DVC, "dag"], [KIT, "reproduce"]):
        with fresh_repository(files) as repository:
            repository.run(*words)


def bench_environment(home: Path) -> dict[str, str]:
    """The caller's, with a home and a state folder of its own, no telemetry, and Python's compiled modules kept."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "HOME": str(home),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "site"),
        "SHELL": "/bin/sh",
    }
