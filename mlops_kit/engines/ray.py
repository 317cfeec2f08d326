"""Runs stages as Ray tasks: placed by what they want, run again where a node is lost, cancelled when asked to stop.

Knows Ray and nothing of DVC or git: an errand says what a stage needs, and `mlops_kit.engines.errand` carries it out
on the worker. A task that was lost is started again here and not by Ray, so that people are told.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from mlops_kit.core.errors import InterruptedRunError
from mlops_kit.core.pipeline.fitting import fits, require_fitting
from mlops_kit.core.ports import Progress
from mlops_kit.core.run import CommandEnd, Errand, ErrandEnd, PlannedStage, Snapshot, StageCommand
from mlops_kit.core.types import StageName
from mlops_kit.engines.errand import END_SECONDS, run_errand
from mlops_kit.engines.ray_session import connect, describe_loss, import_ray, losses, ray_errors, read_nodes
from mlops_kit.engines.shell import log_name

if TYPE_CHECKING:
    from ray import ObjectRef

LOST_TRIES = 3
"""How often a stage is started again after its node or worker was lost."""

_KILL_SECONDS = 3.0
_SLICE_SECONDS = 0.5
_LOOK_SECONDS = 5.0
"""How often the engine looks whether every stage still has a node that could run it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """What tasks carry: the commit, taken once, and the errand of each stage when it starts."""

    take_snapshot: Callable[[], Snapshot]
    describe_errand: Callable[[StageName], Errand]


@dataclass(kw_only=True)
class _Task:
    """A stage under way: what it was started with, since when (monotonic seconds), and how often it was lost."""

    command: StageCommand
    errand: Errand
    since: float
    losses: int = 0


class RayEngine:
    """The Engine port on a Ray cluster; as a context manager it is connected, and listens to SIGINT and SIGTERM.

    `address` is Ray's, empty for a cluster that runs on this machine, or else a new one. `logs` is a folder for
    the end of each stage's output, which arrives when the stage ends.
    """

    def __init__(self, address: str, dispatch: Dispatch, *, logs: Path, progress: Progress) -> None:
        self._address = address
        self._dispatch = dispatch
        self._logs = logs
        self._progress = progress
        self._ray = import_ray()
        self._tasks: dict[ObjectRef[ErrandEnd], _Task] = {}
        self._snapshot: ObjectRef[Snapshot] | None = None
        self._next_look = time.monotonic() + _LOOK_SECONDS
        self._asked = 0
        self._told = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Connect, then listen to the signals that ask to stop: Ray sets handlers of its own."""
        previous = {number: signal.getsignal(number) for number in _SIGNALS}
        connect(self._ray, self._address)
        if threading.current_thread() is threading.main_thread():
            self._previous = previous
            for number in _SIGNALS:
                signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel what still runs, listen no more, and disconnect."""
        try:
            self.stop()
        finally:
            for number, handler in self._previous.items():
                signal.signal(number, handler)
            self._previous.clear()
            self._ray.shutdown()

    def admit(self, planned: tuple[PlannedStage, ...]) -> None:
        """InvalidInputError where a stage wants more than any node of the cluster has."""
        require_fitting(planned, read_nodes(self._ray))

    def start(self, command: StageCommand) -> None:
        """Hand a stage to Ray, which starts it where its wants are free."""
        errand = self._dispatch.describe_errand(command.stage)
        self._submit(_Task(command=command, errand=errand, since=time.monotonic()))

    def wait(self, seconds: float) -> CommandEnd | None:
        """The next stage that ended, None after so many seconds; InterruptedRunError, once, when asked to stop."""
        deadline = time.monotonic() + seconds
        while True:
            if self._asked and not self._told:
                self._told = True
                self._cancel(force=False)
                raise InterruptedRunError("interrupted: the running stages were stopped")
            left = deadline - time.monotonic()
            if (end := self._next_end(min(_SLICE_SECONDS, max(0.0, left)))) or left <= 0 or not self._tasks:
                return end

    def stop(self) -> tuple[CommandEnd, ...]:
        """Cancel what runs, politely and then not; how each of them ended."""
        self._told = True
        ends = []
        for patience, force in ((END_SECONDS, False), (_KILL_SECONDS, True)):
            self._cancel(force=force)
            deadline = time.monotonic() + patience
            while self._tasks and time.monotonic() < deadline and (force or self._asked < 2):
                if end := self._next_end(_SLICE_SECONDS):
                    ends.append(end)
        ends.extend(_stopped(task) for task in self._tasks.values())
        self._tasks.clear()
        return tuple(ends)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1

    def _submit(self, task: _Task) -> None:
        wants = task.command.wants
        with ray_errors():
            if self._snapshot is None:
                self._snapshot = self._ray.put(self._dispatch.take_snapshot())
            remote = self._ray.remote(run_errand).options(
                name=f"mlops-kit {task.command.stage}",
                num_cpus=wants.cpus,
                num_gpus=wants.gpus or 0,
                resources={name: count for name, count in wants.resources.items() if count},
                max_retries=0,
            )
            self._tasks[remote.remote(self._snapshot, task.errand)] = task

    def _next_end(self, seconds: float) -> CommandEnd | None:
        """The end of a stage, None where none ended in time or the one that did was lost and starts again."""
        if not self._tasks:
            return None
        with ray_errors():
            done, _ = self._ray.wait(list(self._tasks), num_returns=1, timeout=seconds)
        return self._settle(done[0]) if done else self._give_up_stranded()

    def _settle(self, ref: "ObjectRef[ErrandEnd]") -> CommandEnd | None:
        from ray import exceptions

        task = self._tasks.pop(ref)
        try:
            with ray_errors():
                return self._take_in(self._ray.get(ref), task.command.stage)
        except exceptions.TaskCancelledError:
            return _stopped(task)
        except losses() as error:
            return self._try_again(task, describe_loss(error))

    def _try_again(self, task: _Task, why: str) -> CommandEnd | None:
        stage = task.command.stage
        if self._told or self._asked:
            return _stopped(task)
        if task.losses == LOST_TRIES:
            return replace(_stopped(task), trouble=f"{why}, {LOST_TRIES + 1} times")
        task.losses += 1
        self._progress.note(f"{stage}: {why}; it starts again ({task.losses} of at most {LOST_TRIES} times)")
        self._submit(task)
        return None

    def _give_up_stranded(self) -> CommandEnd | None:
        """The end of a stage that no node is left for: Ray would wait for one for ever."""
        if time.monotonic() < self._next_look:
            return None
        self._next_look = time.monotonic() + _LOOK_SECONDS
        nodes = read_nodes(self._ray)
        for ref, task in self._tasks.items():
            if not fits(task.command.wants, nodes):
                self._ray.cancel(ref, force=True)
                del self._tasks[ref]
                return replace(_stopped(task), trouble="no node of the cluster has what it wants any longer")
        return None

    def _take_in(self, found: ErrandEnd, stage: StageName) -> CommandEnd:
        """Keep the log here, and show what it says, by the name that the stage has here."""
        if not found.log:
            return replace(found.end, stage=stage, log=None)
        path = self._logs / log_name(stage)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found.log)
        for line in found.log.decode("utf-8", "replace").splitlines():
            self._progress.line(stage, line)
        return replace(found.end, stage=stage, log=path)

    def _cancel(self, *, force: bool) -> None:
        with ray_errors():
            for ref in self._tasks:
                self._ray.cancel(ref, force=force)


def _stopped(task: _Task) -> CommandEnd:
    seconds = time.monotonic() - task.since
    return CommandEnd(stage=task.command.stage, status=-signal.SIGTERM, seconds=seconds)
