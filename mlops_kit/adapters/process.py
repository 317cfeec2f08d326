"""Starts short-lived tools (git, DVC's reader) and returns what they said; the one place that does in adapters.

Never a shell, always a timeout, never the caller's full command line in a message. Stage commands are not started
here: that is an engine's work.
"""

import logging
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.errors import InputError, OutsideError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Completed:
    """How a tool ended and what it printed."""

    code: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        """Standard output as text without the last line end."""
        return self.output.decode("utf-8", "replace").rstrip("\n")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a tool: its words, where it runs, what it reads, and how long it may take.

    `title` is what a log may say of it; without one, the tool's name.
    """

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    stdin: bytes = b""
    timeout_seconds: float = 60.0
    title: str = ""


def run(call: Call) -> Completed:
    """Run a tool to its end; InputError where it is not installed, OutsideError where it takes too long."""
    name, started = call.words[0], time.monotonic()
    try:
        done = subprocess.run(
            list(call.words),
            cwd=call.folder,
            env=dict(call.environment),
            input=call.stdin,
            capture_output=True,
            timeout=call.timeout_seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError(f"{name} is not installed or not on PATH", hint=f"install {name}") from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"{name} gave no answer within {call.timeout_seconds:g} s") from error
    _log.info("%s: exit %d after %.3f s", call.title or name, done.returncode, time.monotonic() - started)
    return Completed(code=done.returncode, output=done.stdout, errors=done.stderr.decode("utf-8", "replace"))


def is_alive(pid: int) -> bool:
    """Whether a process of this number runs here."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
