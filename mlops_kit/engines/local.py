"""Runs stage commands on this machine: a process group each, output captured, nothing left behind when asked to stop.

Knows signals and threads, and nothing of DVC. How one stage runs is `engines.execution`.
"""

import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Self

from mlops_kit.core.errors import InterruptedRunError
from mlops_kit.core.pipeline.masking import Mask
from mlops_kit.core.run import CommandEnd, StageCommand
from mlops_kit.core.types import StageName
from mlops_kit.engines.capture import Capture
from mlops_kit.engines.execution import Execution, Ground
from mlops_kit.engines.gpu_watch import GpuWatch
from mlops_kit.engines.guard import Guard
from mlops_kit.engines.shell import log_name, stage_environment

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _no_gpus() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a local engine finds around it.

    `environment` is the caller's; `logs` a folder for one file of output per stage; `mask` hides secrets in every line;
    `read_gpu_memory` gives the bytes in use on each GPU by id; `held` are open files that stay open until the last
    command is gone, also where the kit is killed.
    """

    environment: Mapping[str, str]
    logs: Path
    mask: Mask = field(default_factory=Mask)
    read_gpu_memory: Callable[[], Mapping[str, int]] = _no_gpus
    held: tuple[int, ...] = ()


class LocalEngine:
    """The Engine port on this machine; as a context manager it listens to SIGINT and SIGTERM.

    `on_line` gets every line that a stage prints, from any thread.
    """

    def __init__(self, surroundings: Surroundings, *, on_line: Callable[[StageName, str], None]) -> None:
        self._around = surroundings
        self._on_line = on_line
        self._ground: Ground | None = None
        self._watch = GpuWatch(surroundings.read_gpu_memory)
        self._running: dict[StageName, Execution] = {}
        self._events: SimpleQueue[CommandEnd | None] = SimpleQueue()
        self._is_stopping = False
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
        if self._ground is not None:
            self._ground.guard.close()
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned
        self._previous.clear()

    def start(self, command: StageCommand) -> None:
        """Start a stage's commands."""
        name = command.stage
        path = self._around.logs / log_name(name)
        capture = Capture(path, mask=self._around.mask, on_line=lambda text: self._on_line(name, text))
        execution = Execution(command, self._stand(), capture)
        self._running[name] = execution
        if self._is_stopping:
            execution.stop(signal.SIGTERM)
        threading.Thread(target=self._run, args=(execution,), name=f"stage {name}", daemon=True).start()

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
        if self._running and not self._is_stopping:
            self._ask(signal.SIGTERM)
        ends = []
        while self._running:
            with suppress(InterruptedRunError):
                if end := self.wait(0.1):
                    ends.append(end)
        return tuple(ends)

    def _stand(self) -> Ground:
        """What commands stand on; the guard starts with the first of them."""
        if self._ground is None:
            environment = self._around.environment
            self._ground = Ground(
                shell=environment.get("SHELL") or "/bin/sh",
                environment=stage_environment(environment),
                guard=Guard(held=self._around.held, environment=environment),
            )
        return self._ground

    def _run(self, execution: Execution) -> None:
        command = execution.command
        if command.gpus:
            self._watch.begin(command.stage, command.gpus)
        end = execution.run()
        if command.gpus:
            usage = replace(end.usage, gpu_memory_bytes=self._watch.end(command.stage))
            end = replace(end, usage=usage)
        self._events.put(end)

    def _over(self, end: CommandEnd) -> CommandEnd:
        del self._running[end.stage]
        return end

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Pass the first signal on and give a grace period; end everything on a second one.

        Where no command is left to end, a second signal ends what the kit itself is at.
        """
        if not self._is_stopping:
            self._events.put(None)  # before the ends that it causes
            self._ask(signal.Signals(number))
        elif busy := [execution for execution in self._running.values() if execution.is_busy]:
            for execution in busy:
                execution.kill()
        else:
            raise KeyboardInterrupt

    def _ask(self, number: signal.Signals) -> None:
        self._is_stopping = True
        for execution in list(self._running.values()):
            execution.stop(number)
