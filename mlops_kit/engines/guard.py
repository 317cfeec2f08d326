"""A small process that outlives the kit by seconds: where the kit is killed, it ends the stages that still run.

Every command tells it its process group before it begins, through a pipe whose end is the kit's own end.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_SCRIPT = Path(__file__).with_name("guard_script.py")
_REGISTER = 'echo "+$$" >&0; exec "$@" </dev/null'
"""What a command's first process does: tell its number to its standard input, the pipe, and become the command."""


class Guard:
    """The process and the pipe to it. `held` are open files that stay open until the last stage is gone."""

    def __init__(self, *, held: Sequence[int] = (), environment: Mapping[str, str]) -> None:
        listen, self._tell = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SCRIPT)],
            stdin=listen,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": environment.get("PATH", "")},
            pass_fds=tuple(held),
            start_new_session=True,
        )
        os.close(listen)

    @property
    def pipe(self) -> int:
        """What a guarded command must begin with as its standard input."""
        return self._tell

    def wrap(self, words: Sequence[str]) -> list[str]:
        """The words of a command that tells its group first, and then has nothing to read."""
        return ["/bin/sh", "-c", _REGISTER, "sh", *words]

    def forget(self, group: int) -> None:
        """A group is gone, or none of our business any longer."""
        with suppress(BrokenPipeError):
            os.write(self._tell, f"-{group}\n".encode())

    def close(self) -> None:
        """Let the guard go; whatever it still knows ends now."""
        os.close(self._tell)
        self._process.wait()
