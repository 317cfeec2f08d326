"""Starts short-lived tools (git, nvidia-smi) and returns what they said; the one place that does in adapters.

Never a shell, always a timeout, never the caller's full command line in a message. Stage commands are not started
here: that is an engine's work.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.errors import InputError, OutsideError


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
    """One call of a tool: its words, where it runs, what it reads, and how long it may take."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    stdin: bytes = b""
    timeout_seconds: float = 60.0


def run(call: Call) -> Completed:
    """Run a tool to its end; InputError where it is not installed, OutsideError where it takes too long."""
    name = call.words[0]
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
    return Completed(code=done.returncode, output=done.stdout, errors=done.stderr.decode("utf-8", "replace"))
