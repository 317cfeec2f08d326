"""Looks at processes that a test started, or that what it started did."""

import subprocess
import time
from collections.abc import Iterable


def wait_until_gone(pids: Iterable[int], *, seconds: float) -> None:
    """Until none of these runs; one that is dead and that nobody waited for yet does not."""
    deadline = time.monotonic() + seconds
    left = list(pids)
    while left := [pid for pid in left if is_running(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process of this number runs and is not a zombie."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(listed.strip()) and not listed.startswith("Z")
