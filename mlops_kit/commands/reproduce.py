"""`mlops-kit reproduce`: run the stages that changed, side by side, and note what came out."""

from dataclasses import dataclass, replace

from mlops_kit.commands.run_stages import Run
from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.forecast import Fate
from mlops_kit.core.pipeline.schedule import Limits, OnFailure, Schedule
from mlops_kit.core.pipeline.slots import find_too_large, refuse_too_large
from mlops_kit.core.ports import Pipeline
from mlops_kit.core.run import Gpu, PlannedStage, Selection, StageResult, StageState

_VOUCHED = frozenset({StageState.CACHED, StageState.RESTORED, StageState.RAN})


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a run goes: commands at a time, what a failure means, and whether results go to the DVC remote."""

    jobs: int
    on_failure: OnFailure = OnFailure.STOP
    push: bool = False


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What a run did, in the order of the plan.

    `interrupted` says why it stopped early, empty if it did not; `damaged` which outputs are not what the lock says;
    `unsent` why the results are not in the DVC remote.
    """

    stages: tuple[StageResult, ...]
    interrupted: str = ""
    damaged: KitError | None = None
    unsent: KitError | None = None

    @property
    def failed(self) -> tuple[StageResult, ...]:
        """The stages that failed."""
        return tuple(stage for stage in self.stages if stage.state is StageState.FAILED)


def reproduce(workshop: Workshop, selection: Selection, manner: Manner) -> Reproduction:
    """Plan, run and note the selected stages; a failed stage is part of the answer, not an exception."""
    planned = workshop.pipeline.plan(selection)
    workshop.admit(planned)
    names = tuple(stage.name for stage in planned)
    gpus = _find_gpus(workshop, planned)
    _require_gpus(workshop, selection, planned, gpus)
    workshop.progress.begin(names)
    limits = Limits(jobs=manner.jobs, gpus=gpus)
    schedule = Schedule(planned, limits=limits, on_failure=manner.on_failure)
    run = Run(workshop, schedule, awaiting=sum(stage.awaits_data for stage in planned))
    try:
        interrupted = run.carry_out()
    finally:
        results = run.results(names)
        workshop.progress.close()
        workshop.pipeline.finish(results)
    return conclude(workshop.pipeline, selection, manner, Reproduction(stages=results, interrupted=interrupted))


def conclude(pipeline: Pipeline, selection: Selection, manner: Manner, done: Reproduction) -> Reproduction:
    """What is done with the results of a run that was not interrupted: hash them, and send what is not damaged."""
    if done.interrupted:
        return done
    damaged = _verify(pipeline, done.stages) if selection.verify else None
    unsent = _push(pipeline) if manner.push and not damaged else None
    return replace(done, damaged=damaged, unsent=unsent)


def _verify(pipeline: Pipeline, results: tuple[StageResult, ...]) -> KitError | None:
    """Hash what the run vouches for; damaged outputs are part of the answer, and are never sent."""
    try:
        pipeline.verify(stage.name for stage in results if stage.state in _VOUCHED)
    except KitError as error:
        return error
    return None


def _find_gpus(workshop: Workshop, planned: tuple[PlannedStage, ...]) -> tuple[Gpu, ...] | None:
    """The GPUs to hand out; the machine is asked only where a stage wants any. None where the engine does it."""
    if workshop.find_gpus is None:
        return None
    return workshop.find_gpus() if any(stage.wants.gpus for stage in planned) else ()


def _require_gpus(
    workshop: Workshop, selection: Selection, planned: tuple[PlannedStage, ...], gpus: tuple[Gpu, ...] | None
) -> None:
    """InputError where a stage that will run, or may, wants more GPUs than there are; one that is kept wants none."""
    if gpus is None or not (found := find_too_large(planned, gpus)):
        return
    fates = {one.name: one.fate for one in workshop.foresee(selection).stages} if workshop.foresee else {}
    for stage in found:
        if fates.get(stage.name, Fate.RUN) in {Fate.RUN, Fate.MAY_RUN}:
            raise refuse_too_large(stage, gpus)


def _push(pipeline: Pipeline) -> KitError | None:
    """Send the results; what was run is told also where they cannot be sent, so a failure is part of the answer."""
    try:
        pipeline.push()
    except KitError as error:
        return error
    return None
