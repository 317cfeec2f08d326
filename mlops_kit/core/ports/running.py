"""Running a pipeline: its bookkeeping, its engine, and who watches."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from mlops_kit.core.inspection import Inspection
from mlops_kit.core.run import (
    CommandEnd,
    PlannedStage,
    RemoteResult,
    Selection,
    StageCommand,
    StageResult,
    StageState,
    Wait,
)
from mlops_kit.core.types import Digest, StageName


class Pipeline(Protocol):
    """DVC's bookkeeping for one run, called from one thread.

    A method that names a stage raises StageFailedError where that stage cannot go on, OutsideError where another
    process holds DVC's lock.
    """

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of the run in DVC's order; InputError where the pipeline or a target is wrong."""

    def arrivals(self) -> tuple[StageName, ...]:
        """Stages that awaited data and need not any longer, each told once."""

    def prepare(self, stage: StageName) -> StageCommand | StageState:
        """Look at a stage whose inputs are final: what to execute, or how it ended without a command.

        Outputs of a stage that will run are removed as DVC does.
        """

    def record(self, stage: StageName, remote: RemoteResult | None = None) -> None:
        """Hash, cache and note what a stage's command produced; or note what it brought back from elsewhere."""

    def abandon(self, stage: StageName) -> Path | None:
        """Bring back the outputs of a stage whose command failed, as far as they were there or in the cache.

        The folder that holds what the command left in their place, None where it left nothing there.
        """

    def flush(self) -> None:
        """Write what was noted into dvc.lock and `.dvc` files, each file in one step."""

    def push(self) -> None:
        """Send outputs, run-cache and small uncached outputs to the DVC remote."""

    def verify(self, stages: Iterable[StageName]) -> None:
        """Hash every output of the stages against the lock; IntegrityError where one is damaged beyond repair."""

    def finish(self, results: Iterable[StageResult]) -> None:
        """Flush, and leave the results for `report`."""


class Forecaster(Protocol):
    """Looks at a pipeline before a run. Nothing is run, written, locked or fetched, and no other machine is asked."""

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of such a run in DVC's order; InputError where the pipeline or a target is wrong."""

    def inspect(self, stage: StageName) -> Inspection:
        """A planned stage beside its lock entry; InputError where one of its files cannot be read."""

    def find_result(self, stage: StageName, inputs: Mapping[str, Digest]) -> Mapping[str, Digest] | None:
        """The digests, by output, that a run would restore for a planned stage, all of them in the cache; else None.

        `inputs` names what is not here yet with the digest it will have; the other inputs are as they lie here.
        """


class Engine(Protocol):
    """Where stage commands run, side by side."""

    def start(self, command: StageCommand) -> None:
        """Start a stage's commands."""

    def wait(self, seconds: float) -> CommandEnd | None:
        """The next command that ended, None after so many seconds.

        InterruptedRunError, once, when the user or the runner asks to stop; what runs was told so already.
        """

    def stop(self) -> tuple[CommandEnd, ...]:
        """End what runs, politely and then not; how each of them ended."""


class OwnLoop(Protocol):
    """DVC's own loop, as one command for an engine."""

    def command(self, selection: Selection, *, keep_going: bool) -> StageCommand:
        """What runs the selected stages."""

    def read_results(self) -> tuple[StageResult, ...]:
        """How the stages that started ended so far; one that has not ended is a failed one without a message."""

    def current_stage(self) -> StageName:
        """The stage that DVC is at: what is printed now is printed by it."""


class Progress(Protocol):
    """Tells people how a run goes."""

    def begin(self, stages: Iterable[StageName]) -> None:
        """The run looks at these stages."""

    def start(self, stage: StageName, place: str) -> None:
        """A stage's command starts; `place` names the GPUs it holds, or is empty."""

    def waits(self, waits: tuple[Wait, ...]) -> None:
        """Nothing more can start now; what stages wait for that could start but for a mutex or GPUs."""

    def line(self, stage: StageName, text: str) -> None:
        """A stage printed a line; called from any thread."""

    def end(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """A stage is over; `tail` holds the last lines it printed."""

    def retry(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """A stage failed and is tried again."""

    def note(self, text: str) -> None:
        """Something people should know."""

    def close(self) -> None:
        """Nothing more comes."""
