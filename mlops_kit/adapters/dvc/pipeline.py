"""The Pipeline port over DVC as a library: plan once, then one stage's books at a time, all in one thread."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from dvc.repo import Repo
from dvc.stage import Stage
from dvc.utils import fix_env
from networkx import DiGraph

from mlops_kit.adapters.dvc import elsewhere, sending, steps
from mlops_kit.adapters.dvc.graph import read_graph
from mlops_kit.adapters.dvc.ignores import IgnoreOrder
from mlops_kit.adapters.dvc.needs import find_needs
from mlops_kit.adapters.dvc.notes import Notes
from mlops_kit.adapters.dvc.outputs import Shelf
from mlops_kit.adapters.dvc.overwritten import find_overwritten
from mlops_kit.adapters.dvc.quick_hashing import FolderHashes, quick_hashing
from mlops_kit.adapters.dvc.selection import address, describe_stages, read_wants, select_stages
from mlops_kit.adapters.dvc.session import Session, pipeline_errors, stage_errors
from mlops_kit.adapters.dvc.supply import Supply
from mlops_kit.adapters.dvc.verify import Verifier
from mlops_kit.adapters.last_run import FOLDER, write_last_run
from mlops_kit.adapters.stage_times import add_times
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.run import Errand, PlannedStage, RemoteResult, Selection, StageCommand, StageResult, StageState
from mlops_kit.core.types import StageName

_ROOT_VARIABLE = "DVC_ROOT"
_STAGE_VARIABLE = "DVC_STAGE"


class DvcPipeline:
    """One run of the pipeline around a folder; `environment` is what stage commands will get.

    `tell` takes what people should know of it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._environment = dict(environment)
        self._session = Session(folder)
        self._repo = self._session.repo
        self._shelf = Shelf(self._session.root / FOLDER)
        self._stages: dict[StageName, Stage] = {}
        self._graph = DiGraph()
        self._selection = Selection()
        self._notes = Notes(self._repo, {})
        self._ignores = IgnoreOrder(self._repo, ())
        self._tell = tell
        self._supply = Supply(self._repo, self._environment, tell)
        self._verifier = Verifier(self._repo, self._session.root / FOLDER, tell)
        self._reserved: dict[StageName, contextlib.ExitStack] = {}
        self._made: list[Stage] = []
        self._folders = FolderHashes()
        self._brought: set[Stage] = set()
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Keep DVC's repository open for the run."""
        self._open.callback(self._session.close)
        self._open.enter_context(self._repo.scm_context(quiet=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of every lock and of the repository; nothing is fetched any longer."""
        self._supply.close()
        for stage in list(self._reserved):
            self._release(stage)
        self._shelf.close()
        with pipeline_errors():
            self._open.close()

    @property
    def root(self) -> Path:
        """The folder that holds `.dvc`."""
        return self._session.root

    @property
    def repo(self) -> Repo:
        """DVC's repository."""
        return self._repo

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What was planned, each after what it needs."""
        return tuple(self._stages.values())

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Hold DVC's lock."""
        return self._session.locked()

    @property
    def graph(self) -> DiGraph:
        """All stages with an edge to each that they need."""
        return self._graph

    def plan(self, selection: Selection) -> tuple[PlannedStage, ...]:
        """The stages of the run in DVC's order; InputError where the pipeline or a target is wrong."""
        self._selection = selection
        with self._session.locked(), pipeline_errors():
            self._session.heal_marks()
            self._shelf.tidy()
            if selection.pull:
                sending.pull_runs(self._repo)
            self._graph = read_graph(self._repo)
            stages = select_stages(self._repo, self._graph, selection)
            self._notes = Notes(self._repo, {stage: place for place, stage in enumerate(stages)})
            self._ignores = IgnoreOrder(self._repo, stages)
            self._stages = {address(stage, self.root): stage for stage in stages}
            planned = describe_stages(stages, self.root)
            if selection.verify:
                self._verifier.check_before(out for stage in stages for out in stage.outs)
            awaiting = self._order_data(stages) if selection.pull else frozenset()
            return tuple(replace(one, awaits_data=self._stages[one.name] in awaiting) for one in planned)

    def arrivals(self) -> tuple[StageName, ...]:
        """Stages that awaited data and need not any longer, each told once."""
        return tuple(address(stage, self.root) for stage in self._supply.arrivals())

    def prepare(self, stage: StageName) -> StageCommand | StageState:
        """Look at a stage whose inputs are final: what to execute, or how it ended without a command."""
        found = self._stages[stage]
        with self._session.locked(), stage_errors():
            if not self._selection.force and (state := self._unchanged(found)):
                return state
            self._folders.forget()
            if found.cmd and not found.frozen:
                return self._start_over(stage, found)
            return self._without_command(found)

    def record(self, stage: StageName, remote: RemoteResult | None = None) -> None:
        """Hash, cache and note what a stage's command produced; or note what it brought back from elsewhere."""
        found = self._stages[stage]
        self._folders.forget()
        with self._session.locked(), stage_errors():
            if remote is None:
                self._keep(found)
                self._made.append(found)
            else:
                self._take_in(found, remote)
            self._shelf.forget(found)
            self._release(stage)

    def describe_errand(self, stage: StageName) -> Errand:
        """What another machine has to know to run a stage whose inputs are final."""
        found = self._stages[stage]
        with self._session.locked(), stage_errors():
            return elsewhere.describe_errand(found, self._upstream(found))

    def fetch_inputs(self, stage: StageName) -> None:
        """Bring what a stage reads from the DVC remote; StageFailedError where something is nowhere."""
        found = self._stages[stage]
        with self._session.locked(), stage_errors():
            elsewhere.fetch_inputs(found, self._upstream(found))

    def deliver(self, stage: StageName) -> RemoteResult:
        """Send what a recorded stage made to the DVC remote; what its run brings back."""
        found = self._stages[stage]
        with self._session.locked(), stage_errors():
            self._notes.write()
            return elsewhere.deliver(found)

    def require_remote(self) -> None:
        """InputError where there is no DVC remote."""
        with pipeline_errors():
            self._repo.cloud.get_remote()

    def abandon(self, stage: StageName) -> Path | None:
        """Bring back the outputs of a stage whose command failed, as far as they were there or in the cache.

        The folder that holds what the command left in their place, None where it left nothing there.
        """
        self._folders.forget()
        with self._session.locked(), stage_errors():
            try:
                return self._shelf.bring_back(self._stages[stage])
            finally:
                self._release(stage)

    def flush(self) -> None:
        """Write what was noted into dvc.lock and `.dvc` files, each file in one step."""
        if self._notes.pending:
            with self._session.locked():
                self._notes.write()

    def push(self) -> None:
        """Send outputs, run-cache and small uncached outputs to the DVC remote."""
        with self._session.locked(), pipeline_errors():
            sending.push(self._repo)

    def verify(self, stages: Iterable[StageName]) -> None:
        """Hash every output of the stages against the lock; IntegrityError where one is damaged beyond repair."""
        with self._session.locked(), pipeline_errors():
            self._repo._reset()  # what counts is the lock as it lies there now
            found = {address(stage, self.root): stage for stage in self._repo.index.stages}
            self._verifier.check_after(out for name in stages for out in found[name].outs)

    def finish(self, results: Iterable[StageResult]) -> None:
        """Flush, and leave the results for `report`."""
        with self._session.locked():
            self._notes.write()
            self._session.heal_marks()
            for remark in find_overwritten(self._made):
                self._tell(remark)
        ended = tuple(results)
        add_times(self.root, {stage.name: stage.seconds for stage in ended if stage.state is StageState.RAN})
        write_last_run(self.root, ended)

    def _order_data(self, stages: list[Stage]) -> frozenset[Stage]:
        """Have the data fetched that stages need and nobody makes; the stages that await it."""
        needs = find_needs(stages, self._graph, force=self._selection.force)
        return self._supply.begin(needs, self._verifier if self._selection.verify else None)

    def _unchanged(self, stage: Stage) -> StageState | None:
        upstream = self._upstream(stage)
        if self._selection.elsewhere:
            return None if elsewhere.is_changed(stage, upstream, self._brought) else StageState.CACHED
        with quick_hashing(self._folders):
            changed = steps.is_changed(stage, upstream)
        if not changed:
            return StageState.CACHED
        if self._selection.pull and steps.is_only_absent(stage, upstream):
            return self._supply.restore(stage)
        if stage.is_data_source and not stage.is_import and steps.restore_data(stage, upstream):
            return StageState.RESTORED
        return None

    def _start_over(self, name: StageName, stage: Stage) -> StageCommand | StageState:
        """Clear the outputs, then take the results from the run-cache, or say what to execute."""
        pull, force = self._selection.pull, self._selection.force or self._selection.elsewhere
        if pull:
            self._supply.provide(stage, self._upstream(stage))
        if not force:
            steps.require_dependencies(stage)
        self._session.require_free(stage)
        with self._shelf.cleared(stage):
            if not force and self._restore(stage, pull=pull):
                self._keep(stage)
                self._shelf.forget(stage)
                return StageState.RESTORED
            if not force:
                stage.save_deps()
        self._reserve(name, stage)
        return self._command(name, stage)

    def _restore(self, stage: Stage, *, pull: bool) -> bool:
        """Whether an earlier result came back; a remote that fails when asked for one costs time, not the run."""
        earlier = steps.find_earlier(stage)
        if earlier is None:
            return False
        if pull:
            try:
                self._supply.fetch_earlier(earlier)
            except OutsideError as error:
                self._tell(f"{stage.addressing}: an earlier result could not be fetched: {error}")
        return steps.check_out_earlier(earlier)

    def _upstream(self, stage: Stage) -> list[Stage]:
        return list(self._graph.successors(stage)) if stage in self._graph else []

    def _without_command(self, stage: Stage) -> StageState:
        """Imports are downloaded; data and frozen stages must be there, and are noted as they are."""
        if self._selection.elsewhere:
            return elsewhere.require_unchanged(stage, self._upstream(stage))
        if stage.is_import and (not stage.frozen or stage.is_partial_import):
            with self._shelf.cleared(stage):
                steps.update_import(stage)
            self._shelf.forget(stage)
        else:
            if self._selection.pull and self._selection.force:
                self._supply.restore(stage)
            steps.verify_outputs(stage)
        self._keep(stage)
        return StageState.RAN

    def _take_in(self, stage: Stage, remote: RemoteResult) -> None:
        elsewhere.take_in(stage, remote)
        self._ignores.catch_up(stage)
        elsewhere.ignore_outputs(stage)
        self._brought.add(stage)
        self._notes.add(stage)

    def _keep(self, stage: Stage) -> None:
        self._ignores.catch_up(stage)
        steps.save_outputs(stage)
        self._notes.add(stage)

    def _command(self, name: StageName, stage: Stage) -> StageCommand:
        lines = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
        cleaned = fix_env(self._environment)
        variables = {key: value for key, value in cleaned.items() if self._environment.get(key) != value}
        variables.setdefault(_ROOT_VARIABLE, self._environment.get(_ROOT_VARIABLE) or str(self.root))
        return StageCommand(
            stage=name,
            lines=tuple(lines),
            folder=Path(stage.wdir),
            variables={**variables, _STAGE_VARIABLE: stage.addressing},
            wants=read_wants(stage, self.root),
        )

    def _reserve(self, name: StageName, stage: Stage) -> None:
        marks = contextlib.ExitStack()
        marks.enter_context(self._session.reserved(stage))
        self._reserved[name] = marks

    def _release(self, name: StageName) -> None:
        if marks := self._reserved.pop(name, None):
            marks.close()
