"""Runs a team's own short commands at the repository's top."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.core.types import CommandResult


class RepositoryCommands:
    """The Commands port; `environment` is what every command gets, without the kit's own tokens."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._environment = environment

    def run_command(
        self, words: Sequence[str], variables: Mapping[str, str], *, timeout_seconds: float, stdin: bytes = b""
    ) -> CommandResult:
        """Run a program with these variables added; InputError where it is not there, OutsideError on time-out."""
        call = process.Call(
            words=words,
            folder=self._root,
            environment={**self._environment, **variables},
            timeout_seconds=timeout_seconds,
            stdin=stdin,
        )
        done = process.run(call)
        return CommandResult(code=done.code, output=done.text, errors=done.errors)
