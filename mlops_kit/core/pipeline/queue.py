"""The stages that may start as far as their inputs go, best first, and the things that only one may hold at a time.

A stage whose mutex or GPUs are held is parked where it is found again when they come back, so that taking and giving
back cost no more than the logarithm of the number of stages. No stage is passed over for ever: one that was woken
`PATIENCE` times in vain gets a claim on what it wants, and nobody else is given that before.
"""

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from mlops_kit.core.pipeline.slots import Slots, spell_gpus
from mlops_kit.core.run import Gpu, Wait, Wants
from mlops_kit.core.types import StageName

PATIENCE = 8


@dataclass(frozen=True, kw_only=True, order=True)
class Candidate:
    """A stage that may start; the one that sorts first starts first. Seconds are those of the chain behind it."""

    negative_seconds: float
    position: int
    name: StageName = field(compare=False)
    wants: Wants = field(compare=False)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A stage that starts now, and the GPUs it holds; None where it asked for none, or where an engine gives them."""

    name: StageName
    gpus: tuple[str, ...] | None = None


_Obstacle = tuple[str, str]
"""What a stage waits for: a mutex's name, or a number of GPUs with their memory."""


class ReadyQueue:
    """Hands out stages, each with what it wants; `slots` is None where the engine hands out GPUs itself."""

    def __init__(self, slots: Slots | None) -> None:
        self._slots = slots
        self._ready: list[Candidate] = []
        self._parked: dict[_Obstacle, list[Candidate]] = {}
        self._held: dict[str, StageName] = {}
        self._gpus: dict[StageName, tuple[Gpu, ...]] = {}
        self._tries: dict[StageName, int] = {}
        self._claimant: Candidate | None = None

    def add(self, candidate: Candidate) -> None:
        """A stage may start now."""
        heappush(self._ready, candidate)

    def take(self) -> Taken | None:
        """The best stage whose wants are free, with them; None where there is none until something comes back."""
        while self._ready:
            candidate = heappop(self._ready)
            obstacle = self._find_obstacle(candidate)
            if obstacle is None:
                return self._hand_out(candidate)
            self._park(candidate, obstacle)
        return None

    def give_back(self, name: StageName, wants: Wants) -> None:
        """A stage ended: what it held is free for others."""
        for mutex in wants.mutexes:
            del self._held[mutex]
            self._wake_for_mutex(mutex)
        if self._slots is not None and (gpus := self._gpus.pop(name, ())):
            self._slots.give_back(gpus)
            self._wake_best_for_gpus()

    def describe_waits(self) -> tuple[Wait, ...]:
        """What is waited for now, the best waiting stage's first."""
        parked = sorted((found[0], obstacle, len(found)) for obstacle, found in self._parked.items())
        return tuple(
            Wait(stage=first.name, obstacle=self._describe(first, obstacle), count=count)
            for first, obstacle, count in parked
        )

    def _find_obstacle(self, candidate: Candidate) -> _Obstacle | None:
        others = None if self._claimant is candidate else self._claimant
        for mutex in candidate.wants.mutexes:
            if mutex in self._held or (others and mutex in others.wants.mutexes):
                return ("mutex", mutex)
        if self._slots is None or not candidate.wants.gpus:
            return None
        if (others and others.wants.gpus) or self._slots.find(candidate.wants) is None:
            return _gpu_bucket(candidate.wants)
        return None

    def _hand_out(self, candidate: Candidate) -> Taken:
        wants = candidate.wants
        self._held |= dict.fromkeys(wants.mutexes, candidate.name)
        self._tries.pop(candidate.name, None)
        if self._claimant is candidate:
            self._claimant = None
        if self._slots is None or wants.gpus is None:
            return Taken(name=candidate.name)
        gpus = self._slots.find(wants) or ()
        self._slots.take(gpus)
        self._gpus[candidate.name] = gpus
        self._wake_fitting()
        return Taken(name=candidate.name, gpus=tuple(gpu.id for gpu in gpus))

    def _park(self, candidate: Candidate, obstacle: _Obstacle) -> None:
        """Put a stage where its obstacle will wake it, and let others have what it cannot use yet."""
        heappush(self._parked.setdefault(obstacle, []), candidate)
        tries = self._tries[candidate.name] = self._tries.get(candidate.name, 0) + 1
        if tries > PATIENCE and self._claimant is None:
            self._claimant = candidate
        for mutex in candidate.wants.mutexes:
            if mutex not in self._held and not self._is_claimed(mutex):
                self._wake(("mutex", mutex))
        if candidate.wants.gpus:
            self._wake_fitting()

    def _is_claimed(self, mutex: str) -> bool:
        return self._claimant is not None and mutex in self._claimant.wants.mutexes

    def _wake(self, obstacle: _Obstacle) -> None:
        if parked := self._parked.get(obstacle):
            heappush(self._ready, heappop(parked))
            if not parked:
                del self._parked[obstacle]

    def _wake_fitting(self) -> None:
        """Look again at the best stage of each size that would find its GPUs free."""
        if self._slots is None or (self._claimant and self._claimant.wants.gpus):
            return
        for bucket in [key for key in self._parked if key[0] == "gpus"]:
            if self._slots.find(self._parked[bucket][0].wants) is not None:
                self._wake(bucket)

    def _wake_best_for_gpus(self) -> None:
        """Look again at the claimant, else at the best of all that wait for GPUs; it lets others by if it must wait."""
        buckets = {key: found[0] for key, found in self._parked.items() if key[0] == "gpus"}
        if self._claimant is not None and self._claimant.wants.gpus:
            self._wake_claimant(self._claimant, _gpu_bucket(self._claimant.wants))
        elif buckets:
            self._wake(min(buckets, key=buckets.__getitem__))

    def _wake_for_mutex(self, mutex: str) -> None:
        """Look again at the claimant where it wants this mutex, else at the best that waits for it."""
        if self._claimant is not None and self._is_claimed(mutex):
            self._wake_claimant(self._claimant, ("mutex", mutex))
        else:
            self._wake(("mutex", mutex))

    def _wake_claimant(self, claimant: Candidate, obstacle: _Obstacle) -> None:
        """Look again at the claimant where it is parked here; where it waits for another thing, that will wake it."""
        parked = self._parked.pop(obstacle, [])
        if others := [one for one in parked if one is not claimant]:
            heapify(others)
            self._parked[obstacle] = others
        if len(others) < len(parked):
            heappush(self._ready, claimant)

    def _describe(self, candidate: Candidate, obstacle: _Obstacle) -> str:
        kind, what = obstacle
        if kind == "gpus":
            return spell_gpus(candidate.wants.gpus or 0)
        holder = self._held.get(what)
        return f"{what}, held by {holder}" if holder else what


def _gpu_bucket(wants: Wants) -> _Obstacle:
    return ("gpus", f"{wants.gpus} {wants.gpu_memory_mib}")
