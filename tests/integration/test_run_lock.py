"""One run at a time in a workspace, across processes and after a kill."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlops_kit.adapters.run_lock import FILE, RunLock
from mlops_kit.core.errors import OutsideError

HOLD = """
import sys, time, pathlib
from mlops_kit.adapters.run_lock import RunLock
with RunLock(pathlib.Path(sys.argv[1]), patience_seconds=0, note=print):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", HOLD, str(folder)]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


def test_a_second_run_names_the_first(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    with (
        pytest.raises(OutsideError, match=f"process {holder.pid} runs this pipeline here"),
        RunLock(tmp_path, patience_seconds=0, note=print),
    ):
        pytest.fail("two runs at once")
    holder.communicate()


def test_a_patient_second_run_waits_and_says_so(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    told: list[str] = []

    def note(text: str) -> None:
        told.append(text)
        holder.communicate()

    with RunLock(tmp_path, patience_seconds=30, note=note):
        assert (tmp_path / FILE).read_text() == f"{os.getpid()}\n"
    assert told == [f"waiting for process {holder.pid}, which runs this pipeline here"]


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    holder.kill()
    holder.communicate()
    with RunLock(tmp_path, patience_seconds=0, note=print):
        pass


def test_what_a_killed_run_left_is_waited_for(tmp_path: Path) -> None:
    lock = RunLock(tmp_path, patience_seconds=0, note=print)
    with lock:
        os.pwrite(lock.handle, b"999999\n", 0)
        left = subprocess.Popen(["sleep", "1"], pass_fds=(lock.handle,))
    told: list[str] = []
    started = time.monotonic()
    with RunLock(tmp_path, patience_seconds=0, note=told.append):
        assert time.monotonic() - started > 0.5
    assert told == ["waiting for what a killed run left to end"]
    left.wait()
