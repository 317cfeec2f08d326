"""The Fleet port: trials of a sweep side by side, each a run of the pipeline in a work tree of its own.

Their stages are called `NAME/STAGE`. DVC's bookkeeping for all of them happens in one thread; every step is done in the
folder of its trial. Nothing is written into the repository itself, but for objects in the cache.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from dvc.repo.metrics.show import _collect_top_level_metrics, _gather_metrics
from dvc.stage import PipelineStage

from mlops_kit.adapters.desk import Desk
from mlops_kit.adapters.dvc.desk_settings import read_settings, write_settings
from mlops_kit.adapters.dvc.pipeline import DvcPipeline
from mlops_kit.adapters.dvc.sameness import identify_stages
from mlops_kit.adapters.dvc.selection import address, path_from_root
from mlops_kit.adapters.dvc.session import explain, pipeline_errors
from mlops_kit.adapters.dvc.twins import Twins
from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError, StageFailedError
from mlops_kit.core.ports.sweeping import Found, Opened
from mlops_kit.core.run import Errand, PlannedStage, RemoteResult, Selection, StageCommand, StageResult, StageState
from mlops_kit.core.sweep.params import set_params
from mlops_kit.core.sweep.trial import Trial, name_trial
from mlops_kit.core.types import CommitSha, StageName

_BASELINE = "baseline"
_NAME_VARIABLE, _BASELINE_VARIABLE = "DVC_EXP_NAME", "DVC_EXP_BASELINE_REV"
"""What DVC's own experiments tell their stages (dvc/env.py)."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where trials work: `scratch` is an empty folder for their work trees, `root` DVC's root of the repository and
    `folder` that of the run, both inside of the repository. `params` are the params files by path from `folder`."""

    git: GitRepository
    scratch: Path
    root: Path
    folder: Path
    params: Mapping[str, bytes]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Berth:
    """A trial under way: its work tree, its pipeline, and its own params files, by path from the run's folder."""

    desk: Desk
    pipeline: DvcPipeline
    closing: contextlib.ExitStack
    files: Mapping[str, bytes]


class DvcFleet:
    """The trials of one sweep; as a context manager it ends them all. `tell` takes what people should know."""

    def __init__(self, site: Site, tell: Callable[[str], None]) -> None:
        self._site = site
        self._selection = Selection()
        self._tell = tell
        self._baseline = site.git.resolve("HEAD")
        self._home = PurePosixPath(site.folder.relative_to(site.git.root).as_posix())
        self._settings = read_settings(site.folder, site.scratch / "site")
        self._free: list[Desk] = []
        self._berths: dict[str, _Berth] = {}
        self._twins = Twins()
        self._desks = 0

    def __enter__(self) -> Self:
        """Nothing is laid out yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of every trial's pipeline."""
        for berth in self._berths.values():
            berth.closing.close()

    @property
    def baseline(self) -> CommitSha:
        """The commit that every trial starts from."""
        return self._baseline

    @property
    def root(self) -> Path:
        """The repository's own DVC root."""
        return self._site.root

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of the commit as it is; InputError where the pipeline or a target is wrong."""
        self._selection = selection
        with self._moored(_BASELINE, {}) as berth:
            return berth.pipeline.plan(replace(selection, pull=False))

    def open(self, trial: Trial) -> Opened:
        """Lay a trial out; InputError where the pipeline is wrong with its params."""
        scope = " ".join([str(self._home), *self._selection.targets, str(self._selection.every_pipeline)])
        name = name_trial(trial, baseline=self._baseline, scope=scope)
        files = set_params(self._site.params, trial.settings)
        berth = self._moor(name, files)
        try:
            with self._at(berth):
                planned = berth.pipeline.plan(self._selection)
                keys = self._identify(berth)
        except BaseException:
            self.discard(name)
            raise
        prefixed = (_prefix(name, stage) for stage in planned)
        return Opened(name=name, planned=tuple(self._twins.enter(stage, keys) for stage in prefixed))

    def close(self, name: str, results: Iterable[StageResult]) -> Found:
        """Note how a trial's stages ended, and give its place to another."""
        berth = self._berths[name]
        inner = tuple(replace(result, name=_split(result.name)[1]) for result in results)
        try:
            with self._at(berth), pipeline_errors():
                berth.pipeline.finish(inner)
                files, removed = berth.desk.read_changes(self._kept_paths(berth))
                found = _gather_metrics(berth.pipeline.repo)
        finally:
            self.discard(name)
        home = PurePosixPath(self._site.root.relative_to(self._site.git.root).as_posix())
        return Found(
            files=files,
            removed=removed,
            metrics={str(home / path): one["data"] for path, one in found.items() if "data" in one},
            unreadable={str(home / path): explain(one["error"]) for path, one in found.items() if "error" in one},
        )

    def discard(self, name: str) -> None:
        """Give the place of a trial to another, whatever became of it."""
        berth = self._berths.pop(name)
        with contextlib.chdir(self._site.folder):
            data = self._data_paths(berth)
            berth.closing.close()
        self._twins.leave(name)
        berth.desk.clear(self._baseline, kept=data)
        self._free.append(berth.desk)

    def arrivals(self) -> tuple[StageName, ...]:
        """Stages that awaited data or a twin and need not any longer, each told once."""
        for name, berth in self._berths.items():
            if self._selection.pull:
                with self._at(berth):
                    self._twins.arrive(StageName(f"{name}/{stage}") for stage in berth.pipeline.arrivals())
        return self._twins.take_arrivals()

    def prepare(self, stage: StageName) -> StageCommand | StageState:
        """Look at a stage whose inputs are final: what to execute, or how it ended without a command."""
        try:
            with self._of(stage) as (pipeline, inner):
                todo = pipeline.prepare(inner)
        except BaseException:
            self._twins.end(stage)
            raise
        if isinstance(todo, StageCommand):
            known = {_NAME_VARIABLE: _split(stage)[0], _BASELINE_VARIABLE: self._baseline}
            return replace(todo, stage=stage, variables={**todo.variables, **known})
        self._twins.end(stage)
        return todo

    def record(self, stage: StageName, remote: RemoteResult | None = None) -> None:
        """Hash, cache and note what a stage's command produced; or note what it brought back from elsewhere."""
        with self._of(stage) as (pipeline, inner):
            pipeline.record(inner, remote)
        self._twins.end(stage)

    def abandon(self, stage: StageName) -> Path | None:
        """Bring back earlier outputs; what the command left goes with its work tree, so there is no place to name."""
        with self._of(stage) as (pipeline, inner):
            pipeline.abandon(inner)
        self._twins.end(stage)
        return None

    def flush(self) -> None:
        """Write what was noted of every trial."""
        for berth in self._berths.values():
            with self._at(berth):
                berth.pipeline.flush()

    def push(self) -> None:
        """Send what the trials under way have made to the DVC remote."""
        for berth in self._berths.values():
            with self._at(berth):
                berth.pipeline.push()

    def verify(self, stages: Iterable[StageName]) -> None:
        """Hash every output of the stages against the lock."""
        for stage in stages:
            with self._of(stage) as (pipeline, inner):
                pipeline.verify((inner,))

    def finish(self, results: Iterable[StageResult]) -> None:
        """Nothing: each trial is finished when it is closed."""

    def describe_errand(self, stage: StageName) -> Errand:
        """What another machine has to know to run a stage: with the trial's own params files."""
        berth = self._berths[_split(stage)[0]]
        with self._of(stage) as (pipeline, inner):
            errand = pipeline.describe_errand(inner)
        base = PurePosixPath(self._site.folder.relative_to(self._site.root).as_posix())
        return replace(errand, files={**errand.files, **{str(base / file): data for file, data in berth.files.items()}})

    def require_remote(self) -> None:
        """InputError where there is no DVC remote."""
        with self._moored(_BASELINE, {}) as berth:
            berth.pipeline.require_remote()

    @contextlib.contextmanager
    def _moored(self, name: str, files: Mapping[str, bytes]) -> Iterator[_Berth]:
        berth = self._moor(name, files)
        try:
            with self._at(berth):
                yield berth
        finally:
            self.discard(name)

    def _moor(self, name: str, files: Mapping[str, bytes]) -> _Berth:
        """A free work tree, or a new one, with these params files, and its pipeline."""
        if name in self._berths:
            raise InputError(f"the trial {name} runs already")
        desk = self._free.pop() if self._free else self._lay_out()
        top = desk.folder / self._home
        for file, data in files.items():
            write_atomic(top / file, data)
        write_settings(self._settings, desk.folder / self._site.root.relative_to(self._site.git.root))
        closing = contextlib.ExitStack()
        with contextlib.chdir(self._site.folder):
            pipeline = closing.enter_context(DvcPipeline(top, self._site.environment, self._tell))
        self._berths[name] = berth = _Berth(desk=desk, pipeline=pipeline, closing=closing, files=files)
        return berth

    def _lay_out(self) -> Desk:
        self._desks += 1
        desk = Desk(self._site.scratch / f"trial-{self._desks}", self._site.environment)
        desk.lay_out(self._site.git, self._baseline)
        return desk

    def _at(self, berth: _Berth) -> contextlib.AbstractContextManager[None]:
        return contextlib.chdir(berth.desk.folder / self._home)

    @contextlib.contextmanager
    def _of(self, stage: StageName) -> Iterator[tuple[DvcPipeline, StageName]]:
        """A stage's pipeline and its name there, in its folder; messages name paths as everybody sees them."""
        name, inner = _split(stage)
        berth = self._berths[name]
        try:
            with self._at(berth):
                yield berth.pipeline, inner
        except StageFailedError as error:
            raise StageFailedError(str(error).replace(f"{berth.desk.folder}/", "")) from error

    def _identify(self, berth: _Berth) -> Mapping[StageName, str]:
        pipeline, name = berth.pipeline, next(key for key, found in self._berths.items() if found is berth)
        if self._selection.force or self._selection.elsewhere:
            return {}
        changed = frozenset(str(berth.desk.folder / self._home / file) for file in self._site.params)
        keys = identify_stages(pipeline.stages, pipeline.graph, root=str(pipeline.root), changed=changed)
        return {StageName(f"{name}/{address(stage, pipeline.root)}"): key for stage, key in keys.items()}

    def _kept_paths(self, berth: _Berth) -> tuple[str, ...]:
        """What git keeps of a run, from the repository's top: locks, ignore files, outputs with `cache: false`."""
        pipeline = berth.pipeline
        outs = (out for stage in pipeline.stages for out in stage.outs if not out.use_cache and out.is_in_repo)
        locks = (stage.dvcfile._lockfile.path for stage in pipeline.stages if isinstance(stage, PipelineStage))
        metrics = (str(pipeline.root / path) for path in _collect_top_level_metrics(pipeline.repo))
        tops = {*(out.fs_path for out in outs), *locks, *metrics}
        ignores = {str(Path(out.fs_path).parent / ".gitignore") for stage in pipeline.stages for out in stage.outs}
        return tuple(sorted(Path(path).relative_to(berth.desk.folder).as_posix() for path in tops | ignores))

    def _data_paths(self, berth: _Berth) -> tuple[str, ...]:
        """Data of `.dvc` files, from the repository's top: the next trial has the same."""
        root = PurePosixPath(self._site.root.relative_to(self._site.git.root).as_posix())
        found = [out for stage in berth.pipeline.stages if stage.is_data_source for out in stage.outs]
        return tuple(str(root / path_from_root(out, berth.pipeline.root)) for out in found if out.protocol == "local")


def _prefix(name: str, stage: PlannedStage) -> PlannedStage:
    """The stage as one of a trial: other trials' stages share no path with it."""
    return replace(
        stage,
        name=StageName(f"{name}/{stage.name}"),
        reads=tuple(f"{name}/{path}".rstrip("/") for path in stage.reads),
        writes=tuple(f"{name}/{path}".rstrip("/") for path in stage.writes),
        watches=tuple(f"{name}/{path}".rstrip("/") for path in stage.watches),
    )


def _split(stage: StageName) -> tuple[str, StageName]:
    name, _, inner = stage.partition("/")
    return name, StageName(inner)
