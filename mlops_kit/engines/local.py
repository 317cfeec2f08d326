"""Runs stage commands on this machine: a process group each, output captured, nothing left behind when asked to stop.

Knows shells, signals and pipes, and nothing of DVC. The environment of a command is the caller's without the kit's
and the runner's own tokens and command files.
"""

import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePath
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Self

from mlops_kit.core.errors import InterruptedRunError
from mlops_kit.core.run import CommandEnd, StageCommand
from mlops_kit.core.types import StageName
from mlops_kit.engines.capture import Capture
from mlops_kit.engines.group import ProcessGroup, spawn

GRACE_SECONDS = 6.0
"""How long a command may take to end after it was asked to: GitHub kills the runner's step after 10 s."""

_OWN_VARIABLES = frozenset(
    {
        "MLOPS_KIT_TOKEN",
        "GITHUB_TOKEN",
        "GITHUB_OUTPUT",
        "GITHUB_ENV",
        "GITHUB_PATH",
        "GITHUB_STATE",
        "GITHUB_STEP_SUMMARY",
    }
)
_OWN_PREFIX = "ACTIONS_"
_SHELL_OPTIONS = {"bash": ("--noprofile", "--norc"), "zsh": ("--no-rcs",), "fish": ("--no-config",)}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class _Stage:
    """A running stage and the process group of its present command."""

    command: StageCommand
    group: ProcessGroup | None = None


class LocalEngine:
    """The Engine port on this machine; as a context manager it listens to SIGINT and SIGTERM.

    `logs` is a folder for one file of output per stage; `on_line` gets every line, from any thread.
    """

    def __init__(
        self, *, environment: Mapping[str, str], logs: Path, on_line: Callable[[StageName, str], None]
    ) -> None:
        self._environment = stage_environment(environment)
        self._shell = environment.get("SHELL") or "/bin/sh"
        self._logs = logs
        self._on_line = on_line
        self._lock = threading.RLock()
        self._running: dict[StageName, _Stage] = {}
        self._events: SimpleQueue[CommandEnd | None] = SimpleQueue()
        self._deadline: float | None = None
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        """Listen to the signals that ask to stop, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs and listen no more."""
        self.stop()
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned
        self._previous.clear()

    def start(self, command: StageCommand) -> None:
        """Start a stage's commands."""
        stage = _Stage(command=command)
        self._running[command.stage] = stage
        threading.Thread(target=self._run, args=(stage,), name=f"stage {command.stage}", daemon=True).start()

    def wait(self, seconds: float) -> CommandEnd | None:
        """The next command that ended, None after so many seconds; InterruptedRunError, once, when asked to stop."""
        try:
            event = self._events.get(timeout=seconds)
        except Empty:
            return None
        if event is None:
            raise InterruptedRunError("interrupted: the running stages were stopped")
        return self._over(event)

    def stop(self) -> tuple[CommandEnd, ...]:
        """End what runs, politely and then not; how each of them ended."""
        if self._running and self._deadline is None:
            self._ask(signal.SIGTERM)
        ends = []
        while self._running:
            with suppress(InterruptedRunError):
                if end := self.wait(0.1):
                    ends.append(end)
        return tuple(ends)

    def _over(self, end: CommandEnd) -> CommandEnd:
        del self._running[end.stage]
        return end

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Pass the first signal on and give a grace period; end everything on a second one.

        Where no command is left to end, a second signal ends what the kit itself is at.
        """
        if self._deadline is None:
            self._events.put(None)  # before the ends that it causes
            self._ask(signal.Signals(number))
        elif self._groups():
            self._kill()
        else:
            raise KeyboardInterrupt

    def _ask(self, number: signal.Signals) -> None:
        with self._lock:
            self._deadline = time.monotonic() + GRACE_SECONDS
            for group in self._groups():
                group.send(number)
        timer = threading.Timer(GRACE_SECONDS, self._kill)
        timer.daemon = True
        timer.start()

    def _kill(self) -> None:
        with self._lock:
            for group in self._groups():
                group.send(signal.SIGKILL)

    def _groups(self) -> list[ProcessGroup]:
        return [stage.group for stage in list(self._running.values()) if stage.group]

    def _run(self, stage: _Stage) -> None:
        started = time.monotonic()
        name = stage.command.stage
        capture = Capture(self._logs / log_name(name), on_line=lambda text: self._on_line(name, text))
        try:
            status = self._run_lines(stage, capture)
        finally:
            capture.close()
        self._events.put(
            CommandEnd(
                stage=name,
                status=status,
                seconds=time.monotonic() - started,
                tail=capture.tail,
                log=capture.path,
            )
        )

    def _run_lines(self, stage: _Stage, capture: Capture) -> int:
        for line in stage.command.lines:
            capture.write(f"> {line}")
            if status := self._run_line(stage, line, capture):
                return status
        return 0

    def _run_line(self, stage: _Stage, line: str, capture: Capture) -> int:
        with self._lock:
            if self._deadline is not None:
                return -signal.SIGTERM
            try:
                stage.group = spawn(
                    shell_words(self._shell, line),
                    folder=stage.command.folder,
                    environment={**self._environment, **stage.command.variables},
                )
            except OSError as error:
                capture.write(f"cannot start {self._shell}: {error.strerror}")
                return 127
        status = stage.group.follow(capture)
        self._clear(stage)
        return status

    def _clear(self, stage: _Stage) -> None:
        """Let go of a command that ended; when asked to stop, only when its whole group is gone."""
        if stage.group is not None and self._deadline is not None:
            stage.group.wait_until_empty(self._deadline)
        with self._lock:
            stage.group = None


def stage_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without the kit's tokens and without what steers the runner."""
    return {
        name: value
        for name, value in variables.items()
        if name not in _OWN_VARIABLES and not name.startswith(_OWN_PREFIX)
    }


def shell_words(shell: str, line: str) -> list[str]:
    """How to run one command line: in the user's shell, without its start-up files (DVC's rules)."""
    return [shell, *_SHELL_OPTIONS.get(PurePath(shell).name.lower(), ()), "-c", line]


def log_name(stage: StageName) -> str:
    """A file name for a stage's output; two stages never share one."""
    readable = re.sub(r"[^A-Za-z0-9._@-]+", "-", stage).strip("-.")[:80]
    return f"{readable}-{sha256(stage.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}.log"
