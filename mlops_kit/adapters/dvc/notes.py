"""Writes what a run learnt into dvc.lock and `.dvc` files: in batches, each file in one step, in DVC's own words.

DVC parses and writes the whole lock for every stage. Here the parsed lock is kept between writes, and read again
where somebody else changed the file.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from dvc.stage import PipelineStage, Stage
from dvc.stage.serialize import to_lockfile, to_single_stage_file
from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.lock_copies import keep_copy

_SHORTEST_PAUSE_SECONDS = 2.0
_PAUSE_FACTOR = 10.0


@dataclass
class _Lock:
    """One dvc.lock: its text as last seen, its content, the names that were there first, and what is to be added."""

    path: Path
    text: str | None = None
    data: Any = None
    first: frozenset[str] = frozenset()
    entries: dict[str, Any] = field(default_factory=dict)


class Notes:
    """The results that are not on disk yet. `positions` is the order in which DVC itself would add new stages."""

    def __init__(self, repo: Repo, positions: Mapping[Stage, int]) -> None:
        self._repo = repo
        self._names = [stage.name for stage in sorted(positions, key=positions.__getitem__) if _is_pipeline(stage)]
        self._locks: dict[Path, _Lock] = {}
        self._data_stages: list[Stage] = []
        self._next = 0.0

    def add(self, stage: Stage) -> None:
        """Note a stage as it is now; written at once where the last write was long enough ago."""
        if _is_pipeline(stage):
            path = Path(stage.dvcfile._lockfile.path)
            self._locks.setdefault(path, _Lock(path=path)).entries.update(to_lockfile(stage))
        else:
            self._data_stages.append(stage)
        if time.monotonic() >= self._next:
            self.write()

    @property
    def pending(self) -> bool:
        """Whether anything is noted and not written."""
        return bool(self._data_stages) or any(lock.entries for lock in self._locks.values())

    def write(self) -> None:
        """Write all that is noted."""
        started = time.monotonic()
        for lock in self._locks.values():
            if lock.entries:
                self._write_lock(lock)
        while self._data_stages:
            self._write_data_stage(self._data_stages.pop())
        ended = time.monotonic()
        self._next = ended + max(_SHORTEST_PAUSE_SECONDS, _PAUSE_FACTOR * (ended - started))

    def _write_lock(self, lock: _Lock) -> None:
        _read_again(lock)
        stages = lock.data["stages"]
        changed = [name for name, entry in lock.entries.items() if stages.get(name, {}) != entry]
        stages.update({name: lock.entries[name] for name in changed})
        lock.entries.clear()
        if changed:
            self._sort_new(stages, lock.first)
            lock.text = dumps_yaml(lock.data)
            data = lock.text.encode("utf-8")
            write_atomic(lock.path, data)
            keep_copy(Path(self._repo.root_dir), lock.path, data)
            self._repo.scm_context.track_file(self._repo.fs.relpath(str(lock.path)))

    def _sort_new(self, stages: dict[str, Any], first: frozenset[str]) -> None:
        """Put new stages in DVC's order, whichever ended first."""
        for name in self._names:
            if name in stages and name not in first:
                stages[name] = stages.pop(name)

    def _write_data_stage(self, stage: Stage) -> None:
        text = dumps_yaml(to_single_stage_file(stage))
        write_atomic(Path(stage.path), text.encode("utf-8"))
        self._repo.scm_context.track_file(stage.relpath)


def _read_again(lock: _Lock) -> None:
    """Take in the file where it is not what was last written."""
    text = lock.path.read_text(encoding="utf-8") if lock.path.exists() else None
    if lock.data is not None and text == lock.text:
        return
    lock.text = text
    lock.data = parse_yaml_for_update(text, str(lock.path)) if text else {}
    if not lock.data:
        lock.data.update({"schema": "2.0"})
    lock.data["stages"] = lock.data.get("stages", {})
    lock.first = frozenset(lock.data["stages"])


def _is_pipeline(stage: Stage) -> bool:
    return isinstance(stage, PipelineStage)
