"""`mlops-kit reproduce`: run the stages that changed, side by side, and note what came out."""

from dataclasses import dataclass

from mlops_kit.core.errors import InterruptedRunError, KitError, StageFailedError
from mlops_kit.core.pipeline.schedule import Ending, OnFailure, Schedule
from mlops_kit.core.ports import Engine, Pipeline, Progress
from mlops_kit.core.run import CommandEnd, Selection, StageCommand, StageResult, StageState
from mlops_kit.core.types import StageName

_VOUCHED = frozenset({StageState.CACHED, StageState.RESTORED, StageState.RAN})
IDLE_SECONDS = 1.0
"""How long a run waits for a command before it writes down what it knows."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What a run works with."""

    pipeline: Pipeline
    engine: Engine
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a run goes: commands at a time, what a failure means, and whether results go to the DVC remote."""

    jobs: int
    on_failure: OnFailure = OnFailure.STOP
    push: bool = False


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What a run did, in the order of the plan.

    `interrupted` says why it stopped early, empty if it did not; `damaged` which outputs are not what the lock says;
    `unsent` why the results are not in the DVC remote.
    """

    stages: tuple[StageResult, ...]
    interrupted: str = ""
    damaged: KitError | None = None
    unsent: KitError | None = None

    @property
    def failed(self) -> tuple[StageResult, ...]:
        """The stages that failed."""
        return tuple(stage for stage in self.stages if stage.state is StageState.FAILED)


def reproduce(workshop: Workshop, selection: Selection, manner: Manner) -> Reproduction:
    """Plan, run and note the selected stages; a failed stage is part of the answer, not an exception."""
    planned = workshop.pipeline.plan(selection)
    names = tuple(stage.name for stage in planned)
    workshop.progress.begin(names)
    run = Run(workshop, Schedule(planned, jobs=manner.jobs, on_failure=manner.on_failure))
    try:
        interrupted = run.carry_out()
    finally:
        results = run.results(names)
        workshop.progress.close()
        workshop.pipeline.finish(results)
    damaged = _verify(workshop.pipeline, results) if selection.verify and not interrupted else None
    unsent = _push(workshop.pipeline) if manner.push and not interrupted and not damaged else None
    return Reproduction(stages=results, interrupted=interrupted, damaged=damaged, unsent=unsent)


def _verify(pipeline: Pipeline, results: tuple[StageResult, ...]) -> KitError | None:
    """Hash what the run vouches for; damaged outputs are part of the answer, and are never sent."""
    try:
        pipeline.verify(stage.name for stage in results if stage.state in _VOUCHED)
    except KitError as error:
        return error
    return None


def _push(pipeline: Pipeline) -> KitError | None:
    """Send the results; what was run is told also where they cannot be sent, so a failure is part of the answer."""
    try:
        pipeline.push()
    except KitError as error:
        return error
    return None


class Run:
    """One run under way: the schedule, and what is known of each stage."""

    def __init__(self, workshop: Workshop, schedule: Schedule) -> None:
        self._pipeline = workshop.pipeline
        self._engine = workshop.engine
        self._progress = workshop.progress
        self._schedule = schedule
        self._results: dict[StageName, StageResult] = {}

    def carry_out(self) -> str:
        """Work to the end, or to an interrupt, and keep what was finished; why it stopped early, if it did."""
        try:
            self._work()
        except InterruptedRunError as stop:
            return str(stop)
        finally:
            self._wind_down()
        return ""

    def results(self, names: tuple[StageName, ...]) -> tuple[StageResult, ...]:
        """How each stage ended; what never started was skipped."""
        skipped = {name: StageResult(name=name, state=StageState.SKIPPED) for name in names}
        return tuple((skipped | self._results).values())

    def _work(self) -> None:
        while True:
            stage = self._schedule.take()
            if stage is not None:
                self._begin(stage)
            elif not self._schedule.running:
                return
            self._await(0.0 if stage is not None else IDLE_SECONDS)

    def _wind_down(self) -> None:
        self._schedule.stop()
        for end in self._engine.stop():
            self._settle(end)

    def _begin(self, stage: StageName) -> None:
        try:
            todo = self._pipeline.prepare(stage)
        except StageFailedError as error:
            self._end(StageResult(name=stage, state=StageState.FAILED, message=str(error)), Ending.FAILED)
            return
        if isinstance(todo, StageCommand):
            self._progress.start(stage)
            self._engine.start(todo)
        else:
            self._end(StageResult(name=stage, state=todo), Ending.DONE)

    def _await(self, seconds: float) -> None:
        end = self._engine.wait(seconds)
        if end is not None:
            self._settle(end)
        elif seconds:
            self._pipeline.flush()

    def _settle(self, end: CommandEnd) -> None:
        if complaint := self._complaint(end):
            complaint += self._abandon(end.stage)
            result = StageResult(
                name=end.stage,
                state=StageState.FAILED,
                seconds=end.seconds,
                message=complaint,
                log=str(end.log or ""),
            )
            self._end(result, Ending.FAILED, end.tail)
        else:
            result = StageResult(name=end.stage, state=StageState.RAN, seconds=end.seconds)
            self._end(result, Ending.DONE, end.tail)

    def _complaint(self, end: CommandEnd) -> str:
        """What is wrong with a stage that ended; nothing where its results are noted."""
        if end.status != 0:
            return describe_status(end.status)
        try:
            self._pipeline.record(end.stage)
        except StageFailedError as error:
            return str(error)
        return ""

    def _abandon(self, stage: StageName) -> str:
        """Bring the stage's outputs back; what to add to its message where that failed."""
        try:
            self._pipeline.abandon(stage)
        except StageFailedError as error:
            return f"; its outputs could not be brought back: {error}"
        return ""

    def _end(self, result: StageResult, ending: Ending, tail: tuple[str, ...] = ()) -> None:
        self._results[result.name] = result
        self._progress.end(result, tail)
        self._schedule.finish(result.name, ending)


def describe_status(status: int) -> str:
    """An exit status in words; negative numbers are signals."""
    return f"was ended by signal {-status}" if status < 0 else f"exit status {status}"
