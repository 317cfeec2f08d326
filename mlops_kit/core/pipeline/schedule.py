"""Decides which stage starts next: a ready queue as a state machine, without clocks, processes or files.

Stages come in, `take` gives out what may start now, `finish` takes in how it ended. Which stage waits for which is
`core.pipeline.order`; who gets a mutex or GPUs first is `core.pipeline.queue`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from mlops_kit.core.pipeline.order import Order, order_stages
from mlops_kit.core.pipeline.queue import Candidate, ReadyQueue, Taken
from mlops_kit.core.pipeline.slots import Slots
from mlops_kit.core.run import Gpu, PlannedStage, Wait
from mlops_kit.core.types import StageName


class OnFailure(StrEnum):
    """What a failed stage means for the others: nothing new starts, or those that do not need it go on."""

    STOP = "stop"
    KEEP_GOING = "keep-going"


class Ending(StrEnum):
    """How a stage that was taken ended; a stage that did not change is done."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may use: commands at a time, and GPUs; None where the engine places stages by itself."""

    jobs: int
    gpus: tuple[Gpu, ...] | None = ()


class Schedule:
    """The run's queue. Of the stages that may start, the one with the longest chain behind it comes first."""

    def __init__(self, stages: Iterable[PlannedStage], *, limits: Limits, on_failure: OnFailure) -> None:
        self._order = Order(stages={}, groups={})
        self._jobs = limits.jobs
        self._on_failure = on_failure
        self._queue = ReadyQueue(None if limits.gpus is None else Slots(limits.gpus))
        self._missing: dict[StageName, int] = {}
        self._retries: dict[StageName, int] = {}
        self._running: set[StageName] = set()
        self._left: dict[StageName, None] = {}
        self._doomed: set[StageName] = set()
        self._stopped = False
        self._open: dict[str, int] = {}
        self.add(stages)

    def add(self, stages: Iterable[PlannedStage]) -> None:
        """Take in stages that share no path with those that are here, after which they come in the plan."""
        new, first = order_stages(stages), len(self._order.stages)
        placed = {name: replace(stage, position=first + stage.position) for name, stage in new.stages.items()}
        self._order = Order(stages={**self._order.stages, **placed}, groups={**self._order.groups, **new.groups})
        self._missing |= {name: len(stage.waits) + stage.awaits_data for name, stage in placed.items()}
        self._retries |= {name: stage.wants.retries for name, stage in placed.items()}
        self._left |= dict.fromkeys(placed)
        self._open |= {name: group.writers for name, group in new.groups.items()}
        for name in placed:
            if self._missing[name] == 0:
                self._make_ready(name)

    @property
    def running(self) -> frozenset[StageName]:
        """The stages that were taken and have not ended."""
        return frozenset(self._running)

    @property
    def skipped(self) -> tuple[StageName, ...]:
        """The stages that were not taken, in the order of the plan; after the end, those that never ran."""
        return tuple(self._left)

    @property
    def waits(self) -> tuple[Wait, ...]:
        """What stages wait for that could start but for a mutex or GPUs."""
        return self._queue.describe_waits()

    def take(self) -> Taken | None:
        """The next stage that may start now, None where there is none until another ends."""
        if self._stopped or len(self._running) >= self._jobs:
            return None
        taken = self._queue.take()
        if taken is not None:
            self._running.add(taken.name)
            self._left.pop(taken.name, None)
        return taken

    def is_given_up(self, name: StageName) -> bool:
        """Whether a stage will not run, because one that it needs failed."""
        return name in self._doomed

    def release(self, name: StageName) -> None:
        """The data that a stage awaited has arrived."""
        self._count_down(name)

    def finish(self, name: StageName, ending: Ending) -> None:
        """Note how a running stage ended; what waited for it becomes ready, or is given up."""
        self._give_back(name)
        if ending is Ending.FAILED and self._on_failure is OnFailure.STOP:
            self.stop()
        self._settle(name, ending)

    def retry(self, name: StageName) -> bool:
        """Put a running stage that failed back in the queue, if it may be tried again; whether it may."""
        if self._stopped or self._retries[name] == 0:
            return False
        self._retries[name] -= 1
        self._give_back(name)
        self._make_ready(name)
        return True

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more will start."""
        return self._stopped

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped = True

    def _give_back(self, name: StageName) -> None:
        self._running.remove(name)
        self._queue.give_back(name, self._order.stages[name].wants)

    def _settle(self, name: StageName, ending: Ending) -> None:
        """Close the groups that the stage writes, and those of every stage that is given up for it."""
        settled = [(name, ending)]
        while settled:
            writer, end = settled.pop()
            for group in self._order.stages[writer].groups:
                self._open[group] -= 1
                settled.extend((doomed, Ending.FAILED) for doomed in self._close(group, end))

    def _close(self, group: str, ending: Ending) -> list[StageName]:
        """Count one writer of a group off; the stages that its failure newly dooms."""
        found = self._order.groups[group]
        doomed = [
            name for name in found.readers if ending is Ending.FAILED and name not in self._doomed and found.strict
        ]
        self._doomed.update(doomed)
        if self._open[group] == 0:
            for name in found.readers:
                self._count_down(name)
        return doomed

    def _count_down(self, name: StageName) -> None:
        """One thing fewer that a stage waits for."""
        self._missing[name] -= 1
        if self._missing[name] == 0 and name not in self._doomed:
            self._make_ready(name)

    def _make_ready(self, name: StageName) -> None:
        stage = self._order.stages[name]
        self._queue.add(Candidate(negative_seconds=-stage.rank, position=stage.position, name=name, wants=stage.wants))
