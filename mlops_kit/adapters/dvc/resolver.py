"""Asks DVC for the values that only it knows: behind templates, in its cache, in Python files.

DVC runs in a process of its own with a time limit, so that a reading that hangs is an error and not a hang.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.types import CommitSha, ResolvedFile, ResolvedValues

TIMEOUT_SECONDS = 120.0
_MODULE = "mlops_kit.adapters.dvc.reading"
QUIET = {"DVC_NO_ANALYTICS": "1", "DVC_STUDIO_OFFLINE": "1", "GIT_TERMINAL_PROMPT": "0"}


class DvcResolver:
    """The Resolver port over the repository at `root`; `environment` is what DVC and its remotes get."""

    def __init__(self, root: Path, environment: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._root = root
        self._environment = {**environment, **QUIET}
        self._timeout_seconds = timeout_seconds
        self._known: dict[tuple[str, CommitSha], ResolvedValues] = {}

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        """All metrics and params of the DVC root at a commit, None for the work tree; a commit is read once."""
        if commit is None:
            return self._read(root, None)
        if (root, commit) not in self._known:
            self._known[root, commit] = self._read(root, commit)
        return self._known[root, commit]

    def _read(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        words = [sys.executable, "-I", "-m", _MODULE, str(self._root / root), *([commit] if commit else [])]
        done = process.run(
            process.Call(
                words=words,
                folder=self._root,
                environment=self._environment,
                timeout_seconds=self._timeout_seconds,
                title="DVC",
            )
        )
        answer = _parse(done)
        if "error" in answer:
            raise OutsideError(str(answer["error"]))
        return ResolvedValues(metrics=_files(answer.get("metrics")), params=_files(answer.get("params")))


def _parse(done: process.Completed) -> Mapping[str, object]:
    try:
        answer = json.loads(done.output)
    except ValueError as error:
        last = (done.errors.strip().splitlines() or ["no message"])[-1]
        raise OutsideError(f"DVC's reader ended with exit code {done.code}: {last}") from error
    return answer if isinstance(answer, dict) else {"error": "DVC's reader gave no answer"}


def _files(found: object) -> tuple[ResolvedFile, ...]:
    entries = found.items() if isinstance(found, dict) else ()
    return tuple(
        ResolvedFile(path=str(path), content=entry.get("content"), error=str(entry.get("error", "")))
        for path, entry in entries
    )
