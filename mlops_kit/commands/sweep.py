"""`mlops-kit reproduce --sweep`: run the trials of a sweep side by side, and keep each as an experiment."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_kit.commands.reproduce import Manner
from mlops_kit.commands.run_stages import Run
from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.errors import InputError, IntegrityError, StageFailedError
from mlops_kit.core.pipeline.schedule import Limits, OnFailure, Schedule
from mlops_kit.core.pipeline.slots import find_too_large, refuse_too_large
from mlops_kit.core.pipeline.values import ValueFile, metric_values
from mlops_kit.core.ports.sweeping import Fleet, Found, Search
from mlops_kit.core.render.escape import clean
from mlops_kit.core.review.sweep import Measure, TrialResult, TrialState, measure_value
from mlops_kit.core.run import Gpu, PlannedStage, Selection, StageResult, StageState
from mlops_kit.core.sweep.trial import Trial, describe_settings
from mlops_kit.core.types import StageName

TRIALS_AT_ONCE = 64
"""The most work trees at once; an engine that counts no commands would take all trials."""
_TRIALS_A_GPU = 2
"""One that holds the GPU, and one whose other stages run meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Laboratory:
    """What a sweep works with: where stages run, where trials lie, who says which comes next, and who keeps them.

    `admit` raises where the repository is in no state to start trials from, given the plan of its commit.
    """

    workshop: Workshop
    fleet: Fleet
    search: Search
    keep: Callable[[str, Trial, Found], None]
    admit: Callable[[tuple[PlannedStage, ...]], None]


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What became of the trials, in the order in which they ended; why it stopped early, empty if it did not."""

    results: tuple[TrialResult, ...]
    interrupted: str = ""


def sweep(laboratory: Laboratory, selection: Selection, measure: Measure, manner: Manner) -> Swept:
    """Run trials until there are no more; one that fails is part of the answer.

    InputError where the commit's own pipeline, or a target, is wrong.
    """
    workshop = laboratory.workshop
    planned = workshop.pipeline.plan(selection)
    laboratory.admit(planned)
    workshop.admit(planned)
    gpus = _find_gpus(workshop, planned)
    schedule = Schedule((), limits=Limits(jobs=manner.jobs, gpus=gpus), on_failure=OnFailure.KEEP_GOING)
    run = Run(workshop, schedule)
    under_way = _UnderWay(laboratory, run, measure, replace(manner, jobs=_most_at_once(planned, gpus, manner)))
    workshop.progress.begin(())
    try:
        interrupted = run.carry_out(under_way.step)
        under_way.conclude_all(interrupted=bool(interrupted))
    finally:
        workshop.progress.close()
    return Swept(results=tuple(under_way.results), interrupted=interrupted)


class _UnderWay:
    """The trials of a sweep: opened while there is room, concluded when their stages ended."""

    def __init__(self, laboratory: Laboratory, run: Run, measure: Measure, manner: Manner) -> None:
        self._laboratory = laboratory
        self._fleet = laboratory.fleet
        self._progress = laboratory.workshop.progress
        self._run = run
        self._measure = measure
        self._manner = manner
        self._open: dict[str, tuple[Trial, tuple[StageName, ...]]] = {}
        self._begun: list[StageName] = []
        self._has_more = True
        self.results: list[TrialResult] = []

    def step(self) -> None:
        """Conclude what ended, and open others in their place."""
        for name in [name for name, (_, stages) in self._open.items() if self._run.is_over(stages)]:
            self._conclude(name)
        while self._has_more and len(self._open) < self._manner.jobs:
            trial = self._laboratory.search.ask()
            if trial is None:
                self._has_more = False
            else:
                self._begin(trial)

    def conclude_all(self, *, interrupted: bool) -> None:
        """Conclude every trial, also those that did not get to their end."""
        for name in list(self._open):
            self._conclude(name, stopped=interrupted)

    def _begin(self, trial: Trial) -> None:
        try:
            opened = self._fleet.open(trial)
        except (InputError, StageFailedError) as error:
            self._note(TrialResult(trial=trial, name="", state=TrialState.FAILED, message=str(error)))
            return
        stages = tuple(stage.name for stage in opened.planned)
        self._progress.note(f"{opened.name}: {clean(describe_settings(trial))}")
        self._begun.extend(stages)
        self._progress.begin(self._begun)
        self._open[opened.name] = trial, stages
        self._run.add(opened.planned)

    def _conclude(self, name: str, *, stopped: bool = False) -> None:
        """Keep what a trial found; one that is not done and was `stopped` is no failure of its own."""
        trial, stages = self._open.pop(name)
        results = self._run.results(stages)
        result = TrialResult(
            trial=trial,
            name=name,
            state=_state(results, stopped=stopped),
            seconds=sum(stage.seconds for stage in results),
            stages=tuple(replace(stage, name=_inner(stage.name, name)) for stage in results),
        )
        if result.state is TrialState.DONE:
            self._note(self._try_to_keep(result, results))
            return
        self._fleet.discard(name)
        failed = result.state is TrialState.FAILED
        self._note(replace(result, message=_describe_failure(result.stages)) if failed else result)

    def _try_to_keep(self, result: TrialResult, results: tuple[StageResult, ...]) -> TrialResult:
        try:
            return self._keep(result, results)
        except (InputError, IntegrityError, StageFailedError) as error:
            return replace(result, state=TrialState.FAILED, message=f"its results could not be kept: {error}")

    def _keep(self, result: TrialResult, results: tuple[StageResult, ...]) -> TrialResult:
        if self._manner.push:
            self._fleet.push()
        found = self._fleet.close(result.name, results)
        self._laboratory.keep(result.name, result.trial, found)
        return replace(result, metrics=_read_metrics(found))

    def _note(self, result: TrialResult) -> None:
        self.results.append(result)
        if result.state is not TrialState.INTERRUPTED:
            self._laboratory.search.tell(result.trial, measure_value(self._measure, result.metrics)[0])


def _state(results: tuple[StageResult, ...], *, stopped: bool) -> TrialState:
    states = {result.state for result in results}
    if not states & {StageState.FAILED, StageState.SKIPPED}:
        return TrialState.DONE
    return TrialState.INTERRUPTED if stopped else TrialState.FAILED


def _read_metrics(found: Found) -> tuple[ValueFile, ...]:
    files = [metric_values(path, content) for path, content in found.metrics.items()]
    files += [ValueFile(path=path, error=why) for path, why in found.unreadable.items()]
    return tuple(sorted(files, key=lambda file: file.path))


def _inner(stage: StageName, name: str) -> StageName:
    return StageName(stage.removeprefix(f"{name}/"))


def _describe_failure(results: tuple[StageResult, ...]) -> str:
    failed = [result for result in results if result.state is StageState.FAILED]
    return "; ".join(f"{result.name}: {result.message}" for result in failed)


def _find_gpus(workshop: Workshop, planned: tuple[PlannedStage, ...]) -> tuple[Gpu, ...] | None:
    """The GPUs to hand out; None where the engine does it. InputError where a stage wants more than there are."""
    if workshop.find_gpus is None:
        return None
    gpus = workshop.find_gpus() if any(stage.wants.gpus for stage in planned) else ()
    for stage in find_too_large(planned, gpus):
        raise refuse_too_large(stage, gpus)
    return gpus


def _most_at_once(planned: tuple[PlannedStage, ...], gpus: tuple[Gpu, ...] | None, manner: Manner) -> int:
    """How many trials are laid out at once: no more than could run."""
    wanting = gpus is not None and any(stage.wants.gpus for stage in planned)
    return min(manner.jobs, TRIALS_AT_ONCE, _TRIALS_A_GPU * len(gpus or ()) if wanting else manner.jobs)
