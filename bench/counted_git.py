"""A git on PATH that counts how often it is started."""

import shutil
from pathlib import Path

_SCRIPT = """#!/bin/sh
echo "$@" >> '{calls}'
exec '{git}' "$@"
"""


class CountedGit:
    """The program in a folder; put that folder first in PATH."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self._calls = folder, folder / "calls"
        script = folder / "git"
        script.write_text(_SCRIPT.format(calls=self._calls, git=shutil.which("git")))
        script.chmod(0o755)

    def take(self) -> tuple[str, ...]:
        """The calls since the last question, each as its words."""
        calls = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        return tuple(calls)
