"""Runners that take turns at every call of the outside world, in an order that a seed decides.

Each runner is a reconcile in a greenlet of its own: only one runs at any moment. What it knows of the remote is
what it fetched last, as in a clone. A registry's writes are as many as a real one's, with a turn between them.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from greenlet import greenlet

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.ports import Git, ModelFiles, PromotionLog, Registry
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.types import (
    CommitSha,
    EnvironmentName,
    Note,
    PromotionRecord,
    RegisteredVersion,
)
from mlops_kit.testing.registry import MemoryRegistry
from tests.unit.promotion.scene import Scene

_KILLED, _PUSHED, _STARTED = 0.01, 0.02, 0.2
"""How likely at each turn: a runner is killed, somebody pushes, another runner starts."""


class KilledError(BaseException):
    """The runner's machine is gone; nothing in the kit may catch this."""


class Runner:
    """A reconcile that goes on only when it is its turn."""

    def __init__(self, work: Callable[["Runner"], tuple[Outcome, ...]]) -> None:
        self.outcomes: tuple[Outcome, ...] | None = None
        self._fiber = greenlet(self._run)
        self._work = work

    @property
    def done(self) -> bool:
        """Whether it came to its end, or was killed."""
        return bool(self._fiber.dead)

    def turn(self) -> None:
        """Called by the runner before each call of the outside: let others go first."""
        assert self._fiber.parent is not None
        self._fiber.parent.switch()

    def let_go(self) -> None:
        """Called by the scheduler: one turn for this runner. What the run raises comes out here."""
        self._fiber.switch()

    def kill(self) -> None:
        """Its machine is gone: it does nothing more."""
        with suppress(KilledError):
            self._fiber.throw(KilledError)

    def _run(self) -> None:
        self.outcomes = self._work(self)


class Turning:
    """Any port, with a turn before each of its calls."""

    def __init__(self, port: object, turn: Callable[[], None]) -> None:
        self._port, self._turn = port, turn

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - stands for any port
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*arguments: object, **named: object) -> object:
            self._turn()
            return found(*arguments, **named)

        return call


class ManyWrites(MemoryRegistry):
    """A registry whose find-or-create and whose alias are several calls, with a turn between them."""

    def __init__(self, registry: MemoryRegistry, turn: Callable[[], None]) -> None:
        self.__dict__.update(registry.__dict__)
        self._shared, self._turn = registry, turn

    def ensure_version(self, record: PromotionRecord, files: ModelFiles, *more: object) -> RegisteredVersion:  # noqa: ARG002
        """Search, create, search again; the lowest number counts."""
        found = self._shared.read_version(record.model, record.digest)
        self._turn()
        if found is None:
            self._shared.add_version(record.model, record.digest)
            self._turn()
        again = self._shared.read_version(record.model, record.digest)
        assert again is not None
        return again

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        """The note is taken back, the alias set, the note written, both read back."""
        self._shared.note_alias(version.model, environment, 0)
        self._turn()
        self._shared.move_alias(version.model, environment, version.number)
        self._turn()
        self._shared.note_alias(version.model, environment, seq)
        self._turn()
        reading = self._shared.read_alias(version.model, environment)
        if (reading.version, reading.seq) != (version, seq):
            raise ConflictError("the alias was moved by somebody else meanwhile")


@dataclass
class Clone:
    """What a runner knows of the remote: what it fetched last, and what it pushed itself."""

    scene: Scene
    accepted: list[PromotionRecord]
    heads: dict[str, CommitSha] = field(default_factory=dict)
    records: tuple[PromotionRecord, ...] = ()
    notes: tuple[Note, ...] = ()

    def fetch(self) -> None:
        """Bring everything up to date."""
        self.heads = dict(self.scene.git.branches)
        self.records, self.notes = self.scene.log.read_records(), self.scene.log.read_notes()

    def branch_head(self, branch: str) -> CommitSha | None:
        """As fetched."""
        return self.heads.get(branch)

    def read_records(self) -> tuple[PromotionRecord, ...]:
        """As fetched."""
        return self.records

    def read_notes(self) -> tuple[Note, ...]:
        """As fetched."""
        return self.notes

    def append_record(self, record: PromotionRecord) -> None:
        """On the remote, and then here."""
        self.scene.log.append_record(record)
        self.accepted.append(record)
        mine = (*self.records, record)
        self.records = tuple(sorted(mine, key=lambda one: (one.model, one.environment, one.seq)))

    def append_note(self, note: Note) -> None:
        """On the remote, and then here."""
        self.scene.log.append_note(note)
        self.notes = (*self.notes, note)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the rest of git is the remote's objects
        return getattr(self.scene.git, name)


def start_runner(scene: Scene, accepted: list[PromotionRecord]) -> Runner:
    """A reconcile of everything, by a clone of its own."""

    def work(runner: Runner) -> tuple[Outcome, ...]:
        return reconcile(_world(scene, Clone(scene, accepted), runner.turn))

    return Runner(work)


def _world(scene: Scene, clone: Clone, turn: Callable[[], None]) -> World:
    turning = Turning(clone, turn)
    return replace(
        scene.world,
        git=cast(Git, turning),
        log=cast(PromotionLog, turning),
        registry=cast(Registry, Turning(ManyWrites(scene.registry, turn), turn)),
        deployers=cast(Any, Turning(scene.deployers, turn)),
    )


@dataclass
class Play:
    """A number of runs, some at a time, in an order that the source decides; people push meanwhile.

    `accepted` are the records that runners were told to be in the log, in that order.
    """

    scene: Scene
    source: random.Random
    push: Callable[[], None]
    together: int
    runs: int
    turns: int = 0
    killed: int = 0
    accepted: list[PromotionRecord] = field(default_factory=list)

    def run(self) -> None:
        """Play to the end."""
        waiting, alive = self.runs, list[Runner]()
        while waiting or alive:
            if waiting and len(alive) < self.together and self.source.random() < _STARTED + (not alive):
                alive.append(start_runner(self.scene, self.accepted))
                waiting -= 1
            if self.source.random() < _PUSHED:
                self.push()
            if alive:
                self._let_one_go(alive)

    def _let_one_go(self, alive: list[Runner]) -> None:
        runner = self.source.choice(alive)
        self.turns += 1
        if self.source.random() < _KILLED:
            runner.kill()
            self.killed += 1
        else:
            runner.let_go()
        if runner.done:
            alive.remove(runner)
