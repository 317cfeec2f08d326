"""The Forecaster port over DVC as a library: what DVC would find out about each stage, with nothing run or changed.

The comparisons are those of DVC's `Stage.changed`, without its short cuts: all of them, with both sides. No network is
asked, no lock is held, and the workspace, dvc.lock and the cache stay as they are; only DVC's own database of hashes
grows.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dpath
from dvc.dependency import DatasetDependency, DbDependency, Dependency, ParamsDependency, RepoDependency
from dvc.output import Output
from dvc.stage import PipelineStage, Stage
from dvc.utils.serialize import ParseError, load_path
from dvc_data.hashfile import check as check_object
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.meta import Meta
from dvc_objects.errors import ObjectFormatError

from mlops_kit.adapters.dvc.graph import read_graph
from mlops_kit.adapters.dvc.results import cached_entry, locked_entry
from mlops_kit.adapters.dvc.selection import address, describe_stages, path_from_root, select_stages
from mlops_kit.adapters.dvc.session import Session, explain, pipeline_errors
from mlops_kit.adapters.files import read_limited
from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.inspection import (
    Content,
    Inspection,
    SeenInput,
    SeenOutput,
    SeenParam,
    StageKind,
    compare_params,
)
from mlops_kit.core.pipeline.lockfile import LockedStage, parse_lock
from mlops_kit.core.pipeline.stages import LOCK_FILE
from mlops_kit.core.run import PlannedStage, Selection
from mlops_kit.core.types import Digest, StageName

_LOCK_BYTES = 1024**3
_ELSEWHERE = (RepoDependency, DbDependency)


class DvcForecaster:
    """The pipeline around a folder, to be looked at."""

    def __init__(self, folder: Path) -> None:
        self._session = Session(folder)
        self._stages: dict[StageName, Stage] = {}
        self._hashes: dict[tuple[str, str], HashInfo] = {}
        self._params: dict[str, Any] = {}
        self._locks: dict[str, Mapping[str, LockedStage]] = {}
        self._metas: dict[tuple[str, Digest], Meta] = {}

    def __enter__(self) -> Self:
        """Keep DVC's repository open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        with pipeline_errors():
            self._session.close()

    @property
    def root(self) -> Path:
        """The folder that holds `.dvc`."""
        return self._session.root

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of such a run in DVC's order; InputError where the pipeline or a target is wrong."""
        repo = self._session.repo
        with pipeline_errors():
            stages = select_stages(repo, read_graph(repo), selection)
            self._stages.update({address(stage, self.root): stage for stage in stages})
            self._remember(out for stage in stages for out in stage.outs)
            return describe_stages(stages, self.root)

    def inspect(self, stage: StageName) -> Inspection:
        """The stage beside its lock entry; InputError where DVC cannot read one of its files."""
        found = self._stages[stage]
        with pipeline_errors():
            entry = self._find_entry(found)
            inputs, params = self._see_inputs(found)
            return Inspection(
                stage=stage,
                kind=_kind(found),
                command=_lines(found.cmd),
                locked_command=entry.command if entry else None,
                command_changed=bool(found.changed_stage()),
                locked=not isinstance(found, PipelineStage) or entry is not None,
                frozen=bool(found.frozen),
                restless=bool(found.is_callback or found.always_changed),
                restorable=_is_restorable(found),
                inputs=inputs,
                params=params,
                outputs=tuple(self._see_output(out) for out in found.outs),
            )

    def find_result(self, stage: StageName, inputs: Mapping[str, Digest]) -> Mapping[str, Digest] | None:
        """What the run-cache has for the stage, by output, all its bytes in the cache; None where it has nothing."""
        found = self._stages[stage]
        if not _is_restorable(found):
            return None
        with pipeline_errors(), self._foreseen(found, inputs) as contents:
            if Content.ABSENT in contents:
                return None
            cache = self._session.repo.stage_cache
            holds = Content.CHANGED not in contents and not found.changed_stage()
            entry = (locked_entry(found) if holds else None) or cached_entry(found, cache)
            outs = cache._create_stage(entry, wdir=found.wdir).outs if entry else []
            if not outs or not all(_is_cached(out) for out in outs):
                return None
        self._remember(outs)
        return {self._path(out): digest for out in outs if (digest := _digest(out.hash_info))}

    def _remember(self, outs: Iterable[Output]) -> None:
        """What DVC notes beside a digest, such as that a file is executable: it is part of a run-cache's key."""
        for out in outs:
            if digest := _digest(out.hash_info):
                self._metas[self._path(out), digest] = out.meta

    def _find_entry(self, stage: Stage) -> LockedStage | None:
        """The stage's entry in dvc.lock, each file parsed once; DVC itself keeps only digests and params of it."""
        if not isinstance(stage, PipelineStage):
            return None
        path = Path(stage.path).with_name(LOCK_FILE).relative_to(self.root).as_posix()
        if path not in self._locks:
            data = read_limited(self.root, path, limit=_LOCK_BYTES)
            self._locks[path] = parse_lock(data, file=path) if data is not None else {}
        return self._locks[path].get(str(stage.name))

    @contextlib.contextmanager
    def _foreseen(self, stage: Stage, inputs: Mapping[str, Digest]) -> Iterator[frozenset[Content]]:
        """The stage with its dependencies as they will be, for a moment; how they then compare with the lock."""
        before = [dict(vars(dep)) for dep in stage.deps]
        try:
            yield frozenset(self._foresee(dep, inputs) for dep in stage.deps)
        finally:
            for dep, state in zip(stage.deps, before, strict=True):
                vars(dep).clear()
                vars(dep).update(state)

    def _foresee(self, dep: Dependency, inputs: Mapping[str, Digest]) -> Content:
        path, before = self._path(dep), dep.hash_info
        if isinstance(dep, ParamsDependency):
            values = self._read_params(dep) if dep.exists else {}
            if not dep.exists or set(dep.params) - set(values):
                return Content.ABSENT
            dep.hash_info = HashInfo(dep.PARAM_PARAMS, values)
        elif digest := inputs.get(path):
            dep.hash_info = HashInfo(digest.algorithm, digest.value)
            dep.meta = self._metas.get((path, digest), Meta())
        elif dep.exists:
            dep.save()
        else:
            return Content.ABSENT
        return Content.SAME if dep.hash_info == before else Content.CHANGED

    def _see_inputs(self, stage: Stage) -> tuple[tuple[SeenInput, ...], tuple[SeenParam, ...]]:
        inputs: list[SeenInput] = []
        params: list[SeenParam] = []
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency) and dep.exists:
                locked = dep.hash_info.value if dep.hash_info else {}
                params.extend(compare_params(self._path(dep), locked, self._read_params(dep)))
            else:
                inputs.append(self._see_input(dep))
        return tuple(inputs), tuple(params)

    def _see_input(self, dep: Dependency) -> SeenInput:
        old = _digest(dep.hash_info)
        if isinstance(dep, DatasetDependency):
            return SeenInput(path=dep.def_path, content=Content.CHANGED if dep.status() else Content.SAME)
        if isinstance(dep, _ELSEWHERE) or dep.protocol != "local":
            return SeenInput(path=str(dep.def_path), content=Content.UNSEEN, old=old)
        if not dep.exists:
            return SeenInput(path=self._path(dep), content=Content.ABSENT, old=old)
        new = self._hash(dep)
        return SeenInput(path=self._path(dep), content=_content(dep.hash_info, new), old=old, new=_digest(new))

    def _see_output(self, out: Output) -> SeenOutput:
        here = out.protocol == "local" and out.exists
        new = self._hash(out) if here else None
        content = _content(out.hash_info, new) if here or not out.hash_info else Content.ABSENT
        if out.protocol != "local":
            content = Content.UNSEEN
        return SeenOutput(
            path=self._path(out),
            content=content,
            old=_digest(out.hash_info),
            new=_digest(new),
            in_cache=bool(out.use_cache and _is_cached(out)),
            plain=not out.use_cache,
        )

    def _hash(self, item: Output) -> HashInfo:
        """The hash of what lies here, computed once however many stages name it."""
        key = (item.fs_path, item.hash_name)
        if key not in self._hashes:
            self._hashes[key] = item.get_hash()
        return self._hashes[key]

    def _read_params(self, dep: ParamsDependency) -> dict[str, object]:
        """The values that the stage reads, by DVC's rules; each file is parsed once."""
        if dep.fs_path not in self._params:
            dep.validate_filepath()
            try:
                self._params[dep.fs_path] = load_path(dep.fs_path, self._session.repo.fs)
            except ParseError as error:
                raise InputError(explain(error), location=Location(file=self._path(dep))) from error
        content = self._params[dep.fs_path]
        found: dict[str, object] = {}
        for key in dep.params:
            with contextlib.suppress(KeyError):
                found[key] = dpath.get(content, key, separator=".")
        return found if dep.params else dict(content or {})

    def _path(self, item: Output) -> str:
        return path_from_root(item, self.root)


def _lines(command: str | list[str] | None) -> tuple[str, ...]:
    if not command:
        return ()
    return tuple(command) if isinstance(command, list) else tuple(command.strip().splitlines())


def _kind(stage: Stage) -> StageKind:
    if stage.cmd:
        return StageKind.COMMAND
    return StageKind.IMPORT if stage.is_import else StageKind.DATA


def _content(old: HashInfo | None, new: HashInfo | None) -> Content:
    if not old:
        return Content.NEW
    return Content.SAME if old == new else Content.CHANGED


def _digest(hash_info: HashInfo | None) -> Digest | None:
    if not hash_info or not isinstance(hash_info.value, str):
        return None
    return Digest(algorithm=str(hash_info.name), value=hash_info.value)


def _is_cached(out: Output) -> bool:
    """Whether the cache has the output's bytes; unlike DVC's own check it fetches and removes nothing."""
    try:
        content = out.get_obj() if out.hash_info else None
        if content is None:
            return False
        check_object(out.cache, content, check_hash=False)
    except (FileNotFoundError, ObjectFormatError):
        return False
    return True


def _is_restorable(stage: Stage) -> bool:
    """Whether DVC's run-cache keeps results of such a stage."""
    if not (stage.cmd and stage.deps and stage.outs) or stage.is_callback or stage.always_changed:
        return False
    kept = all(out.protocol == "local" and not out.persist and out.is_in_repo and out.def_path for out in stage.outs)
    return kept and all(dep.protocol == "local" and dep.def_path for dep in stage.deps)
