"""Searching over params: who says which trial comes next, and where trials run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mlops_kit.core.ports.running import Pipeline
from mlops_kit.core.run import PlannedStage, StageResult
from mlops_kit.core.sweep.trial import Trial
from mlops_kit.core.types import CommitSha


class Search(Protocol):
    """Who says which trial comes next; several may be under way."""

    def ask(self) -> Trial | None:
        """The next trial, None where there is none any more."""

    def tell(self, trial: Trial, value: float | None) -> None:
        """What the metric was, None where the trial has none."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A trial that is ready to run: the name of its experiment, and its stages, whose names begin with that."""

    name: str
    planned: tuple[PlannedStage, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a finished trial leaves, by path from the repository's top.

    `files` are those that git keeps and that differ from the commit, `removed` are gone; `metrics` is what metrics
    files hold, `unreadable` why others could not be read.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    metrics: Mapping[str, object] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)


class Fleet(Pipeline, Protocol):
    """The pipelines of all trials that are under way, as one; each has a work tree of its own."""

    @property
    def baseline(self) -> CommitSha:
        """The commit that every trial starts from."""

    def open(self, trial: Trial) -> Opened:
        """Lay a trial out; InputError where the pipeline is wrong with its params."""

    def close(self, name: str, results: Iterable[StageResult]) -> Found:
        """Note how a trial's stages ended, and give its place to another.

        StageFailedError, InputError or IntegrityError where what it left cannot be kept.
        """

    def discard(self, name: str) -> None:
        """Give the place of a trial that did not succeed to another."""
