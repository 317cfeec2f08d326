"""One run under way: takes stages from the schedule, has them executed, and notes how each ended."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.errors import InterruptedRunError, StageFailedError
from mlops_kit.core.pipeline.queue import Taken
from mlops_kit.core.pipeline.schedule import Ending, Schedule
from mlops_kit.core.run import CommandEnd, PlannedStage, StageCommand, StageResult, StageState
from mlops_kit.core.types import StageName

IDLE_SECONDS = 1.0
"""How long a run waits for a command before it writes down what it knows."""

ARRIVAL_SECONDS = 0.1
"""The same, while a stage awaits data that is on its way."""


class Run:
    """The schedule, and what is known of each stage."""

    def __init__(self, workshop: Workshop, schedule: Schedule, *, awaiting: int = 0) -> None:
        self._pipeline = workshop.pipeline
        self._engine = workshop.engine
        self._progress = workshop.progress
        self._schedule = schedule
        self._awaiting = awaiting
        self._results: dict[StageName, StageResult] = {}
        self._attempts: dict[StageName, int] = {}
        self._limits: dict[StageName, float | None] = {}

    def add(self, planned: tuple[PlannedStage, ...]) -> None:
        """Take in stages that share no path with those that are here."""
        self._awaiting += sum(stage.awaits_data for stage in planned)
        self._schedule.add(planned)

    def is_over(self, names: Iterable[StageName]) -> bool:
        """Whether each of the stages ended, or never will begin."""
        return all(name in self._results or self._schedule.is_given_up(name) for name in names)

    def carry_out(self, between: Callable[[], None] = lambda: None) -> str:
        """Work to the end, or to an interrupt, and keep what was finished; why it stopped early, if it did.

        `between` is called before each step, and may add stages.
        """
        try:
            self._work(between)
        except InterruptedRunError as stop:
            return str(stop)
        finally:
            self._wind_down()
        return ""

    def results(self, names: tuple[StageName, ...]) -> tuple[StageResult, ...]:
        """How each stage ended; what never started was skipped."""
        skipped = {name: StageResult(name=name, state=StageState.SKIPPED) for name in names}
        return tuple(self._results.get(name, other) for name, other in skipped.items())

    def _work(self, between: Callable[[], None]) -> None:
        while True:
            between()
            self._take_in_arrivals()
            taken = self._schedule.take()
            if taken is not None:
                self._begin(taken)
                self._await(0.0)
            elif self._schedule.running or self._is_awaiting:
                self._progress.waits(self._schedule.waits)
                self._await(ARRIVAL_SECONDS if self._is_awaiting else IDLE_SECONDS)
            else:
                return

    @property
    def _is_awaiting(self) -> bool:
        return self._awaiting > 0 and not self._schedule.is_stopped

    def _take_in_arrivals(self) -> None:
        if self._awaiting:
            for name in self._pipeline.arrivals():
                self._awaiting -= 1
                self._schedule.release(name)

    def _wind_down(self) -> None:
        self._schedule.stop()
        for end in self._engine.stop():
            self._settle(end)

    def _begin(self, taken: Taken) -> None:
        name = taken.name
        try:
            todo = self._pipeline.prepare(name)
        except StageFailedError as error:
            self._end(StageResult(name=name, state=StageState.FAILED, message=str(error)), Ending.FAILED)
            return
        if isinstance(todo, StageCommand):
            self._attempts[name] = self._attempts.get(name, 0) + 1
            self._limits[name] = todo.wants.timeout_seconds
            self._progress.start(name, describe_place(taken.gpus))
            self._engine.start(replace(todo, gpus=taken.gpus))
        else:
            self._end(StageResult(name=name, state=todo), Ending.DONE)

    def _await(self, seconds: float) -> None:
        end = self._engine.wait(seconds)
        if end is not None:
            self._settle(end)
        elif seconds:
            self._pipeline.flush()

    def _settle(self, end: CommandEnd) -> None:
        complaint = self._complaint(end)
        result = StageResult(
            name=end.stage,
            state=StageState.RAN,
            seconds=end.seconds,
            usage=end.usage,
            attempts=self._attempts[end.stage],
        )
        if not complaint:
            self._end(result, Ending.DONE, end.tail)
            return
        complaint += self._abandon(end.stage)
        failed = replace(result, state=StageState.FAILED, message=complaint, log=str(end.log or ""))
        if self._schedule.retry(end.stage):
            self._progress.retry(failed, end.tail)
        else:
            self._end(failed, Ending.FAILED, end.tail)

    def _complaint(self, end: CommandEnd) -> str:
        """What is wrong with a stage that ended; nothing where its results are noted."""
        if end.timed_out:
            return f"took longer than its timeout of {self._limits[end.stage]:g} s"
        if end.status != 0:
            return end.trouble or describe_status(end.status)
        try:
            self._pipeline.record(end.stage, end.remote)
        except StageFailedError as error:
            return str(error)
        return ""

    def _abandon(self, stage: StageName) -> str:
        """Bring the stage's outputs back; what to add to its message: where its leavings are, or why that failed."""
        try:
            left = self._pipeline.abandon(stage)
        except StageFailedError as error:
            return f"; its outputs could not be brought back: {error}"
        return f"; its outputs are the earlier ones again, what it wrote is in {left}" if left else ""

    def _end(self, result: StageResult, ending: Ending, tail: tuple[str, ...] = ()) -> None:
        self._results[result.name] = result
        self._progress.end(result, tail)
        self._schedule.finish(result.name, ending)


def describe_status(status: int) -> str:
    """An exit status in words; negative numbers are signals."""
    return f"was ended by signal {-status}" if status < 0 else f"exit status {status}"


def describe_place(gpus: tuple[str, ...] | None) -> str:
    """The GPUs that a stage holds, in words; nothing where it holds none."""
    return f"GPU {', '.join(gpus)}" if gpus else ""
