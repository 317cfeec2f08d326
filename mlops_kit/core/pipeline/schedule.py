"""Decides which stage starts next: a ready queue as a state machine, without clocks, processes or files.

Stages come in, `take` gives out what may start now, `finish` takes in how it ended. Which stage waits for which is
`core.pipeline.order`.
"""

from collections.abc import Iterable
from enum import StrEnum
from heapq import heappop, heappush

from mlops_kit.core.pipeline.order import Order, order_stages
from mlops_kit.core.run import PlannedStage
from mlops_kit.core.types import StageName


class OnFailure(StrEnum):
    """What a failed stage means for the others: nothing new starts, or those that do not need it go on."""

    STOP = "stop"
    KEEP_GOING = "keep-going"


class Ending(StrEnum):
    """How a stage that was taken ended; a stage that did not change is done."""

    DONE = "done"
    FAILED = "failed"


class Schedule:
    """The run's queue. Of the stages that may start, the one with the longest chain behind it comes first."""

    def __init__(self, stages: Iterable[PlannedStage], *, jobs: int, on_failure: OnFailure) -> None:
        self._order: Order = order_stages(stages)
        self._jobs = jobs
        self._on_failure = on_failure
        self._missing = {name: len(stage.waits) for name, stage in self._order.stages.items()}
        self._waiting: dict[str, list[tuple[int, int, StageName]]] = {}
        self._held: set[str] = set()
        self._running: set[StageName] = set()
        self._left = dict.fromkeys(self._order.stages)
        self._doomed: set[StageName] = set()
        self._ready: list[tuple[int, int, StageName]] = []
        self._stopped = False
        self._open = {name: group.writers for name, group in self._order.groups.items()}
        for name, count in self._missing.items():
            if count == 0:
                self._make_ready(name)

    @property
    def running(self) -> frozenset[StageName]:
        """The stages that were taken and have not ended."""
        return frozenset(self._running)

    @property
    def skipped(self) -> tuple[StageName, ...]:
        """The stages that were not taken, in the order of the plan; after the end, those that never ran."""
        return tuple(self._left)

    def take(self) -> StageName | None:
        """The next stage that may start now, None where there is none until another ends."""
        while self._ready and not self._stopped and len(self._running) < self._jobs:
            entry = heappop(self._ready)
            if self._must_wait(entry):
                continue
            name = entry[-1]
            self._held.update(self._order.stages[name].mutexes)
            self._running.add(name)
            del self._left[name]
            return name
        return None

    def finish(self, name: StageName, ending: Ending) -> None:
        """Note how a running stage ended; what waited for it becomes ready, or is given up."""
        self._running.remove(name)
        for mutex in self._order.stages[name].mutexes:
            self._held.discard(mutex)
            self._wake(mutex)
        if ending is Ending.FAILED and self._on_failure is OnFailure.STOP:
            self.stop()
        self._settle(name, ending)

    def stop(self) -> None:
        """Start nothing more."""
        self._stopped = True

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
                self._missing[name] -= 1
                if self._missing[name] == 0 and name not in self._doomed:
                    self._make_ready(name)
        return doomed

    def _make_ready(self, name: StageName) -> None:
        stage = self._order.stages[name]
        heappush(self._ready, (-stage.rank, stage.position, name))

    def _must_wait(self, entry: tuple[int, int, StageName]) -> bool:
        """Park a stage whose mutex is held, and let another take the free ones in its place."""
        mutexes = self._order.stages[entry[-1]].mutexes
        busy = next((mutex for mutex in mutexes if mutex in self._held), None)
        if busy is None:
            return False
        heappush(self._waiting.setdefault(busy, []), entry)
        for mutex in mutexes:
            if mutex not in self._held:
                self._wake(mutex)
        return True

    def _wake(self, mutex: str) -> None:
        if parked := self._waiting.get(mutex):
            heappush(self._ready, heappop(parked))
