"""One stage under way on this machine: its commands one after the other, within its time, until it is asked to stop."""

import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlops_kit.core.run import CommandEnd, StageCommand, Usage
from mlops_kit.engines.capture import Capture
from mlops_kit.engines.group import ProcessGroup, spawn
from mlops_kit.engines.guard import Guard, LineEnd
from mlops_kit.engines.shell import gpu_variables, shell_words

GRACE_SECONDS = 6.0
"""How long a command may take to end after it was asked to: GitHub kills the runner's step after 10 s."""

_NOT_STARTED = 127


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a stage's commands stand on: the shell, the environment they share, and who ends them after a crash."""

    shell: str
    environment: Mapping[str, str]
    guard: Guard


class Execution:
    """A stage's commands; `run` works in a thread of its own, everything else is called from another one."""

    def __init__(self, command: StageCommand, ground: Ground, capture: Capture) -> None:
        self.command = command
        self._ground = ground
        self._capture = capture
        self._lock = threading.RLock()
        self._group: ProcessGroup | None = None
        self._deadline: float | None = None
        self._timed_out = False
        self._usage = Usage()

    @property
    def is_busy(self) -> bool:
        """Whether a command runs now."""
        return self._group is not None

    def run(self) -> CommandEnd:
        """Run the commands until one fails; how the stage ended."""
        started = time.monotonic()
        limit = self._set_limit()
        try:
            status = self._run_lines()
        finally:
            limit.cancel()
            self._capture.close()
        return CommandEnd(
            stage=self.command.stage,
            status=status,
            seconds=time.monotonic() - started,
            tail=self._capture.tail,
            log=self._capture.path,
            usage=self._usage,
            timed_out=self._timed_out,
        )

    def stop(self, number: signal.Signals) -> None:
        """Start nothing more, signal what runs, and kill it where it is still there after the grace period."""
        with self._lock:
            self._deadline = time.monotonic() + GRACE_SECONDS
            if self._group is not None:
                self._group.send(number)
        timer = threading.Timer(GRACE_SECONDS, self.kill)
        timer.daemon = True
        timer.start()

    def kill(self) -> None:
        """End what runs at once."""
        with self._lock:
            if self._group is not None:
                self._group.send(signal.SIGKILL)

    def _set_limit(self) -> threading.Timer:
        seconds = self.command.wants.timeout_seconds
        timer = threading.Timer(threading.TIMEOUT_MAX if seconds is None else seconds, self._time_out)
        timer.daemon = True
        if seconds is not None:
            timer.start()
        return timer

    def _time_out(self) -> None:
        self._timed_out = True
        self._capture.write(f"mlops-kit: timeout of {self.command.wants.timeout_seconds:g} s, stopping the stage")
        self.stop(signal.SIGTERM)

    def _run_lines(self) -> int:
        for line in self.command.lines:
            self._capture.write(f"> {line}")
            if status := self._run_line(line):
                return status
        return 0

    def _run_line(self, line: str) -> int:
        with self._lock:
            if self._deadline is not None:
                return -signal.SIGTERM
            try:
                self._group = spawn(
                    shell_words(self._ground.shell, line),
                    folder=self.command.folder,
                    environment=self._variables(),
                    guard=self._ground.guard,
                )
            except OSError as error:
                self._capture.write(f"cannot start {self._ground.shell}: {error.strerror}")
                return _NOT_STARTED
        end = self._group.follow(self._capture)
        self._add_up(end)
        self._let_go(self._group)
        return end.status

    def _variables(self) -> dict[str, str]:
        shared = self._ground.environment
        return {**shared, **self.command.variables, **gpu_variables(self.command.gpus, shared)}

    def _add_up(self, end: LineEnd) -> None:
        self._usage = replace(
            self._usage,
            cpu_seconds=self._usage.cpu_seconds + end.usage.cpu_seconds,
            memory_bytes=max(self._usage.memory_bytes, end.usage.memory_bytes),
        )

    def _let_go(self, group: ProcessGroup) -> None:
        """Done with a command that ended; when asked to stop, only when its whole group is gone."""
        if self._deadline is not None:
            group.wait_until_empty(self._deadline)
        with self._lock:
            self._group = None
        group.release()
