"""How a run looks while it goes: plain lines, GitHub's groups, or a live display in a terminal."""

import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

import click

from mlops_kit.cli.environment import Inputs
from mlops_kit.core.ports import Progress
from mlops_kit.core.run import StageResult, StageState, Wait
from mlops_kit.core.types import StageName

_KEPT_LINES = 2000
"""Lines of a stage that a group on GitHub shows; all of them are in the stage's log."""

_LINE_CHARACTERS = 4000
_COMMAND_MARK = re.compile(r":(?=:)|#(?=#\[)")


class RunProgress(Progress, Protocol):
    """A Progress for people at a terminal or in a log."""


def choose_progress(inputs: Inputs) -> RunProgress:
    """The display that fits where the program runs."""
    if inputs.on_actions:
        return ActionsProgress(_print)
    if inputs.interactive:
        from mlops_kit.cli.live_progress import LiveProgress, open_console

        return LiveProgress(open_console())
    return PlainProgress(_print)


class PlainProgress:
    """A line when a stage starts and ends, and every line that it prints, after its name."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def begin(self, stages: Iterable[StageName]) -> None:
        """Nothing: the end tells all stages."""

    def start(self, stage: StageName, place: str) -> None:
        """Say that a stage starts, and where."""
        self._write(describe_start(stage, place))

    def waits(self, waits: tuple[Wait, ...]) -> None:
        """Nothing: a log would repeat itself."""

    def line(self, stage: StageName, text: str) -> None:
        """Pass a line on."""
        self._write(f"{visible(stage)} | {visible(text)}")

    def end(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """Say how a stage ended; after a failure, what it printed last, in one piece."""
        self._write(describe_end(result))
        if result.state is StageState.FAILED:
            self._write_tail(result.name, tail)

    def retry(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """Say that a stage failed and is tried again, with what it printed last."""
        self._write(describe_retry(result))
        self._write_tail(result.name, tail)

    def note(self, text: str) -> None:
        """Pass a remark on."""
        self._write(text)

    def close(self) -> None:
        """Nothing is open."""

    def _write_tail(self, stage: StageName, tail: tuple[str, ...]) -> None:
        if tail:
            for text in (f"--- last lines of {visible(stage)}", *map(visible, tail), "---"):
                self._write(text)


class ActionsProgress:
    """GitHub's log: a stage's output in one folded group at its end, unable to give the runner commands."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lines: dict[StageName, list[str]] = {}
        self._lock = threading.Lock()

    def begin(self, stages: Iterable[StageName]) -> None:
        """Nothing: the end tells all stages."""

    def start(self, stage: StageName, place: str) -> None:
        """Say that a stage starts, and where."""
        self._write(harmless(describe_start(stage, place)))

    def waits(self, waits: tuple[Wait, ...]) -> None:
        """Nothing: a log would repeat itself."""

    def line(self, stage: StageName, text: str) -> None:
        """Keep a line for the stage's group."""
        with self._lock:
            lines = self._lines.setdefault(stage, [])
            lines.append(text[:_LINE_CHARACTERS])
            if len(lines) > 2 * _KEPT_LINES:
                del lines[: len(lines) - _KEPT_LINES]

    def end(self, result: StageResult, tail: tuple[str, ...]) -> None:  # noqa: ARG002 - the group has more
        """Show the stage's output, folded where it went well."""
        self._show(result.name, describe_end(result), folded=result.state is not StageState.FAILED)

    def retry(self, result: StageResult, tail: tuple[str, ...]) -> None:  # noqa: ARG002 - the group has more
        """Show the output of a stage that failed and is tried again, folded."""
        self._show(result.name, describe_retry(result), folded=True)

    def note(self, text: str) -> None:
        """Pass a remark on."""
        self._write(harmless(text))

    def close(self) -> None:
        """Nothing is open."""

    def _show(self, stage: StageName, title: str, *, folded: bool) -> None:
        with self._lock:
            lines = self._lines.pop(stage, [])[-_KEPT_LINES:]
        summary = harmless(title)
        if not lines:
            self._write(summary)
            return
        self._write(f"::group::{summary}" if folded else summary)
        self._write_guarded(lines)
        if folded:
            self._write("::endgroup::")

    def _write_guarded(self, lines: list[str]) -> None:
        """Between a stop and an unguessable resume, the runner obeys no line."""
        token = secrets.token_hex(16)
        self._write(f"::stop-commands::{token}")
        for text in lines:
            self._write(harmless(text))
        self._write(f"::{token}::")


def describe_start(stage: StageName, place: str) -> str:
    """`train: started on GPU 0`."""
    return f"{visible(stage)}: started{f' on {place}' if place else ''}"


def describe_retry(result: StageResult) -> str:
    """`train: attempt 1 failed (0.1 s), trying again: exit status 1`."""
    return f"{result.name}: attempt {result.attempts} failed ({result.seconds:.1f} s), trying again: {result.message}"


def describe_end(result: StageResult) -> str:
    """`train: ran (3.2 s)`, `train: failed (0.1 s): exit status 1`."""
    took = f" ({result.seconds:.1f} s)" if result.seconds else ""
    why = f": {result.message}" if result.message else ""
    return f"{visible(result.name)}: {result.state.value}{took}{why}"


def harmless(text: str) -> str:
    """Text in which the runner finds no command, at the start of a line or inside it."""
    return _COMMAND_MARK.sub("\\g<0>\u200b", visible(text))


def visible(text: str) -> str:
    """Text without control characters, which could rewrite a terminal or forge lines; colours go with them."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in click.unstyle(text))


def _print(text: str) -> None:
    sys.stderr.write(f"{text}\n")
