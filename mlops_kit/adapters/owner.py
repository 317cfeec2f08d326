"""Whether the process that left a mark in a file is still the one with its number: numbers are used again."""

import os
from pathlib import Path

from mlops_kit.adapters.process import is_alive

_SLACK_SECONDS = 2.0
_START_FIELD = 19
"""Which word of /proc/PID/stat, after the name in brackets, is the start in clock ticks since boot (`man proc`)."""


def is_owner_alive(pid: int, marked_at: float) -> bool:
    """Whether the process runs that had this number at a time (seconds of the epoch).

    One that started later only got the number again. Where no start is known, a living process counts as the owner.
    """
    if not is_alive(pid):
        return False
    started = _read_start(pid)
    return started is None or started <= marked_at + _SLACK_SECONDS


def _read_start(pid: int) -> float | None:
    """When a process started (seconds of the epoch), None where the system does not tell."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_START_FIELD])
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return float(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
