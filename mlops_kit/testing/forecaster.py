"""A pipeline in memory that can be looked at, and run: files are texts, and a command is a function of texts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import md5

from mlops_kit.core.errors import InputError
from mlops_kit.core.inspection import Content, Inspection, SeenInput, SeenOutput
from mlops_kit.core.run import PlannedStage, Selection, StageState
from mlops_kit.core.types import Digest, StageName

Command = Callable[[Mapping[str, str]], str]
_Key = tuple[str, str, tuple[tuple[str, Digest], ...]]


@dataclass(frozen=True, kw_only=True)
class MemoryStage:
    """A stage that writes one file: what `compute` makes of its inputs; `command` is its name in the lock."""

    name: StageName
    command: str
    compute: Command
    reads: tuple[str, ...] = ()
    writes: str


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a stage was last run with, and what came out."""

    command: str
    inputs: Mapping[str, Digest]
    output: Digest


@dataclass(kw_only=True)
class MemoryForecaster:
    """The Forecaster port over `stages`, each after those that it reads from, and `files` by path.

    A folder is every file below its path. `run_stage` is what a run does to one stage, with a lock, a cache and a
    run-cache like DVC's.
    """

    stages: tuple[MemoryStage, ...]
    files: dict[str, str] = field(default_factory=dict)
    cache: dict[Digest, str] = field(default_factory=dict)
    _lock: dict[StageName, _Entry] = field(default_factory=dict)
    _results: dict[_Key, Digest] = field(default_factory=dict)

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """All stages, or the targets with what they need."""
        wanted = set(selection.targets)
        if unknown := wanted - {stage.name for stage in self.stages}:
            raise InputError(f"no stage {min(unknown)!r}")
        chosen = [] if wanted else list(self.stages)
        needed: set[str] = set()
        for stage in reversed(self.stages if wanted else ()):
            if stage.name in wanted or any(_touches(stage.writes, path) for path in needed):
                needed.update(stage.reads)
                chosen.insert(0, stage)
        return tuple(PlannedStage(name=found.name, reads=found.reads, writes=(found.writes,)) for found in chosen)

    def inspect(self, stage: StageName) -> Inspection:
        """The stage beside its lock entry."""
        found, entry = self._find(stage), self._lock.get(stage)
        return Inspection(
            stage=stage,
            command=(found.command,),
            locked_command=(entry.command,) if entry else None,
            command_changed=entry is not None and entry.command != found.command,
            locked=entry is not None,
            restorable=bool(found.reads),
            inputs=tuple(self._see(path, entry.inputs.get(path) if entry else None) for path in found.reads),
            outputs=(self._see_output(found.writes, entry.output if entry else None),),
        )

    def find_result(self, stage: StageName, inputs: Mapping[str, Digest]) -> Mapping[str, Digest] | None:
        """What was noted for the command and these inputs, as long as the cache has it."""
        found = self._find(stage)
        read = {path: inputs.get(path) or self._digest(path) for path in found.reads}
        known = {path: digest for path, digest in read.items() if digest}
        if not found.reads or len(known) < len(read):
            return None
        result = self._results.get(_key(found, known))
        return None if result is None or result not in self.cache else {found.writes: result}

    def run_stage(self, stage: StageName) -> StageState:
        """Leave the stage alone, restore it, or run it, and note what came out."""
        found, seen = self._find(stage), self.inspect(stage)
        contents = {*(part.content for part in seen.inputs), *(part.content for part in seen.outputs)}
        if seen.locked and not seen.command_changed and contents <= {Content.SAME}:
            return StageState.CACHED
        result = self.find_result(stage, {})
        text = self.cache[result[found.writes]] if result else found.compute(self._texts(found))
        self.files[found.writes] = text
        self._note(found, text)
        return StageState.RESTORED if result else StageState.RAN

    def _note(self, stage: MemoryStage, text: str) -> None:
        inputs = {path: digest for path in stage.reads if (digest := self._digest(path))}
        output = _hash(text)
        self.cache[output] = text
        self._lock[stage.name] = _Entry(command=stage.command, inputs=inputs, output=output)
        self._results[_key(stage, inputs)] = output

    def _find(self, name: StageName) -> MemoryStage:
        return next(stage for stage in self.stages if stage.name == name)

    def _texts(self, stage: MemoryStage) -> Mapping[str, str]:
        return {name: text for path in stage.reads for name, text in self._below(path).items()}

    def _below(self, path: str) -> Mapping[str, str]:
        return {name: self.files[name] for name in sorted(self.files) if _touches(name, path)}

    def _digest(self, path: str) -> Digest | None:
        """The digest of a file, or of all files of a folder; None where there is neither."""
        if path in self.files:
            return _hash(self.files[path])
        below = self._below(path)
        return _hash(repr(below)) if below else None

    def _see(self, path: str, old: Digest | None) -> SeenInput:
        new = self._digest(path)
        return SeenInput(path=path, content=Content.ABSENT if new is None else _compare(old, new), old=old, new=new)

    def _see_output(self, path: str, old: Digest | None) -> SeenOutput:
        new = self._digest(path)
        content = Content.ABSENT if new is None and old is not None else _compare(old, new)
        return SeenOutput(path=path, content=content, old=old, new=new, in_cache=old in self.cache)


def _compare(old: Digest | None, new: Digest | None) -> Content:
    if old is None:
        return Content.NEW
    return Content.SAME if old == new else Content.CHANGED


def _touches(path: str, other: str) -> bool:
    """Whether `path` is `other` or lies below it."""
    return path == other or path.startswith(f"{other}/")


def _hash(text: str) -> Digest:
    return Digest(algorithm="md5", value=md5(text.encode(), usedforsecurity=False).hexdigest())


def _key(stage: MemoryStage, inputs: Mapping[str, Digest]) -> _Key:
    return stage.command, stage.writes, tuple(sorted(inputs.items()))
