"""The guard's own program; runs by its path in an isolated interpreter, so it imports the standard library only.

Reads `+GROUP` and `-GROUP` lines until every writer of its standard input is gone, then ends the groups that are left:
politely, and after six seconds not.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 6.0
POLL_SECONDS = 0.05


def main() -> None:
    """Listen, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups = read_groups()
    end_groups(groups, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(is_alive(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    end_groups(groups, signal.SIGKILL)


def read_groups() -> set[int]:
    """The groups that were named and not taken back."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        group = int(line[1:])
        if line.startswith(b"+"):
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def end_groups(groups: set[int], number: signal.Signals) -> None:
    """Signal every group that is still there."""
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue


def is_alive(group: int) -> bool:
    """Whether a group has members."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
