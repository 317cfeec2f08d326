"""A pipeline, an engine and a progress in memory, for what is built on the ports of a run."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlops_kit.core.errors import IntegrityError, InterruptedRunError, OutsideError, StageFailedError
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
from mlops_kit.core.types import StageName


@dataclass(kw_only=True)
class MemoryPipeline:
    """A pipeline whose stages all changed, but for those in `settled`.

    `unpreparable`, `unrecordable` and `unabandonable` name the stages that fail at that step, and why.
    `noted` holds what was recorded, `flushed` what of it was written, `abandoned` the stages whose outputs came back.
    """

    stages: tuple[PlannedStage, ...]
    settled: Mapping[StageName, StageState] = field(default_factory=dict)
    unpreparable: Mapping[StageName, str] = field(default_factory=dict)
    unrecordable: Mapping[StageName, str] = field(default_factory=dict)
    unabandonable: Mapping[StageName, str] = field(default_factory=dict)
    unsendable: str = ""
    damaged: str = ""
    verified: tuple[StageName, ...] = ()
    selection: Selection | None = None
    noted: list[StageName] = field(default_factory=list)
    flushed: list[StageName] = field(default_factory=list)
    abandoned: list[StageName] = field(default_factory=list)
    finished: tuple[StageResult, ...] = ()
    pushes: int = 0
    awaited: tuple[StageName, ...] = ()

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """All stages."""
        self.selection = selection
        self.awaited = tuple(stage.name for stage in self.stages if stage.awaits_data)
        return self.stages

    def arrivals(self) -> tuple[StageName, ...]:
        """What awaited data, all at once."""
        arrived, self.awaited = self.awaited, ()
        return arrived

    def prepare(self, stage: StageName) -> StageCommand | StageState:
        """The settled state, or a command of the stage's name."""
        if stage in self.unpreparable:
            raise StageFailedError(self.unpreparable[stage])
        if stage in self.settled:
            return self.settled[stage]
        return StageCommand(stage=stage, lines=(stage,), folder=Path("/nowhere"), variables={})

    def record(self, stage: StageName, remote: RemoteResult | None = None) -> None:  # noqa: ARG002 - the port's
        """Note the stage."""
        if stage in self.unrecordable:
            raise StageFailedError(self.unrecordable[stage])
        self.noted.append(stage)

    def abandon(self, stage: StageName) -> Path | None:
        """Remember that the outputs were brought back; the commands left nothing."""
        if stage in self.unabandonable:
            raise StageFailedError(self.unabandonable[stage])
        self.abandoned.append(stage)
        return None

    def flush(self) -> None:
        """Write what is noted."""
        self.flushed = list(self.noted)

    def push(self) -> None:
        """Count the call."""
        self.pushes += 1
        if self.unsendable:
            raise OutsideError(self.unsendable)

    def verify(self, stages: Iterable[StageName]) -> None:
        """Remember which stages; find what is `damaged`."""
        self.verified = tuple(stages)
        if self.damaged:
            raise IntegrityError(self.damaged)

    def finish(self, results: Iterable[StageResult]) -> None:
        """Flush and keep the results."""
        self.flush()
        self.finished = tuple(results)


@dataclass(kw_only=True)
class MemoryEngine:
    """Ends commands in the order of their start, with `statuses` (0 unless named).

    With `interrupt_after`, that many ends are followed by a request to stop. `most_at_once` is the highest number of
    commands that ran together.
    """

    statuses: Mapping[StageName, int] = field(default_factory=dict)
    interrupt_after: int | None = None
    started: list[StageName] = field(default_factory=list)
    most_at_once: int = 0
    _running: deque[StageName] = field(default_factory=deque)
    _ended: int = 0

    def start(self, command: StageCommand) -> None:
        """Put the command at the end of the row."""
        self.started.append(command.stage)
        self._running.append(command.stage)
        self.most_at_once = max(self.most_at_once, len(self._running))

    def wait(self, seconds: float) -> CommandEnd | None:
        """End the first of the row; nothing while more may be started."""
        if self.interrupt_after is not None and self._ended >= self.interrupt_after:
            self.interrupt_after = None
            raise InterruptedRunError("interrupted")
        if not self._running or seconds == 0:
            return None
        stage = self._running.popleft()
        self._ended += 1
        return self._end(stage, self.statuses.get(stage, 0))

    def stop(self) -> tuple[CommandEnd, ...]:
        """End all with the signal that asked them to."""
        ends = tuple(self._end(stage, -15) for stage in self._running)
        self._running.clear()
        return ends

    def _end(self, stage: StageName, status: int) -> CommandEnd:
        return CommandEnd(stage=stage, status=status, seconds=1.0, tail=(f"last words of {stage}",))


@dataclass(kw_only=True)
class MemoryProgress:
    """Remembers what people were told."""

    told: list[str] = field(default_factory=list)

    def begin(self, stages: Iterable[StageName]) -> None:
        """The stages of the run."""
        self.told.append(f"begin {' '.join(stages)}")

    def start(self, stage: StageName, place: str) -> None:
        """A start."""
        self.told.append(f"start {stage} {place}".rstrip())

    def waits(self, waits: tuple[Wait, ...]) -> None:
        """What is waited for, where that is new."""
        told = [f"wait {wait.stage} for {wait.obstacle}, {wait.count} in all" for wait in waits]
        self.told.extend(line for line in told if line not in self.told)

    def line(self, stage: StageName, text: str) -> None:
        """A line of output."""
        self.told.append(f"{stage} | {text}")

    def end(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """An end, with the tail."""
        self.told.append(" ".join((f"end {result.name} {result.state.value}", *tail)))

    def retry(self, result: StageResult, tail: tuple[str, ...]) -> None:
        """A failure that is not the last word."""
        self.told.append(" ".join((f"retry {result.name} after attempt {result.attempts}", *tail)))

    def note(self, text: str) -> None:
        """A remark."""
        self.told.append(f"note {text}")

    def close(self) -> None:
        """The end."""
        self.told.append("close")
