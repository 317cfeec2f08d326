"""Keeps `.gitignore` files in DVC's order, whichever stage ends first.

A `.gitignore` may lie in a folder that another stage depends on: then the order of its lines is part of a hash.
"""

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage


class IgnoreOrder:
    """The outputs of a run by the folder whose `.gitignore` names them, in the order of the plan."""

    def __init__(self, repo: Repo, stages: Iterable[Stage]) -> None:
        self._repo = repo
        self._positions: dict[Stage, int] = {}
        self._folders: dict[Path, deque[tuple[int, Output]]] = {}
        for position, stage in enumerate(stages):
            self._positions[stage] = position
            for out in _ignored(stage):
                self._folders.setdefault(_folder(out), deque()).append((position, out))

    def catch_up(self, stage: Stage) -> None:
        """Before a stage's outputs are ignored, ignore those that DVC would have named before them."""
        position = self._positions[stage]
        for folder in dict.fromkeys(_folder(out) for out in _ignored(stage)):
            waiting = self._folders[folder]
            while waiting and waiting[0][0] <= position:
                owner, out = waiting.popleft()
                if owner < position:
                    self._repo.scm_context.ignore(out.fspath)
                    self._repo.scm._reset()  # it remembers what was not ignored yet


def _ignored(stage: Stage) -> list[Output]:
    return [out for out in stage.outs if out.protocol == "local" and out.use_scm_ignore]


def _folder(out: Output) -> Path:
    return Path(out.fspath).parent
