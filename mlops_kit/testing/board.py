"""A board of deployments in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from mlops_kit.core.errors import OutsideError, RefusedError
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.types import EnvironmentName, ModelName


class MemoryBoard:
    """The Board port without a forge; `writes` counts changes.

    `down` makes every call fail, `closed` is a token that may only read. `reads` is what was asked for.
    """

    def __init__(self) -> None:
        self.shown: list[Announcement] = []
        self.reads: list[tuple[EnvironmentName, frozenset[ModelName]]] = []
        self.writes = 0
        self.down = False
        self.closed = False

    def read_last(
        self, environment: EnvironmentName, models: Collection[ModelName]
    ) -> Mapping[ModelName, Announcement]:
        """The newest announcement of each model, those that are inactive left out."""
        self._answer()
        self.reads.append((environment, frozenset(models)))
        active = [one for one in self.shown if one.environment == environment]
        active = [one for one in active if one.state is not DeploymentState.INACTIVE]
        return {one.model: one for one in sorted(active, key=lambda one: one.seq)}

    def announce(self, announcement: Announcement) -> None:
        """Show it in the place of itself; on success what is older becomes inactive."""
        self._answer()
        if self.closed:
            raise RefusedError("the token may not write to the board")
        if announcement in self.shown:
            return
        self.writes += 1
        kept = [one for one in self.shown if _identity(one) != _identity(announcement)]
        if announcement.state is DeploymentState.SUCCESS:
            kept = [_retire(one) if _is_older(one, announcement) else one for one in kept]
        self.shown = [*kept, announcement]

    def _answer(self) -> None:
        if self.down:
            raise OutsideError("the board gives no answer")


def _identity(one: Announcement) -> tuple[object, ...]:
    return one.environment, one.model, one.seq, one.digest


def _is_older(one: Announcement, newer: Announcement) -> bool:
    return (one.environment, one.model) == (newer.environment, newer.model) and one.seq < newer.seq


def _retire(one: Announcement) -> Announcement:
    return replace(one, state=DeploymentState.INACTIVE)
