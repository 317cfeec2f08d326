"""Lets a trial's stage wait for the same stage of another trial, whose result it will find in the run-cache."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mlops_kit.core.run import PlannedStage
from mlops_kit.core.types import StageName


class Twins:
    """Who waits for whom: the first stage with a key runs, the others wait until it ended in any way."""

    def __init__(self) -> None:
        self._leaders: dict[str, StageName] = {}
        self._followers: dict[StageName, list[StageName]] = {}
        self._missing: dict[StageName, int] = {}
        self._arrived: list[StageName] = []

    def enter(self, stage: PlannedStage, keys: Mapping[StageName, str]) -> PlannedStage:
        """The stage; it awaits data also where its twin is under way."""
        key = keys.get(stage.name)
        leader = self._leaders.setdefault(key, stage.name) if key else stage.name
        if leader == stage.name:
            self._missing[stage.name] = int(stage.awaits_data)
            return stage
        self._followers.setdefault(leader, []).append(stage.name)
        self._missing[stage.name] = 1 + stage.awaits_data
        return replace(stage, awaits_data=True)

    def arrive(self, stages: Iterable[StageName]) -> None:
        """The data that these stages awaited is here."""
        for stage in stages:
            self._count_down(stage)

    def end(self, stage: StageName) -> None:
        """A stage ended: nobody waits for it any longer."""
        for key in [key for key, leader in self._leaders.items() if leader == stage]:
            del self._leaders[key]
        for follower in self._followers.pop(stage, ()):
            self._count_down(follower)

    def leave(self, trial: str) -> None:
        """A trial is over: what it did not get to do, its twins do themselves."""
        for stage in [name for name in self._missing if name.startswith(f"{trial}/")]:
            self.end(stage)
            if self._missing.pop(stage):
                self._arrived.append(stage)

    def take_arrivals(self) -> tuple[StageName, ...]:
        """The stages that wait for nothing any longer, each once; also those whose trial is over."""
        arrived, self._arrived = tuple(self._arrived), []
        return arrived

    def _count_down(self, stage: StageName) -> None:
        if stage in self._missing:
            self._missing[stage] -= 1
            if self._missing[stage] == 0:
                self._arrived.append(stage)
