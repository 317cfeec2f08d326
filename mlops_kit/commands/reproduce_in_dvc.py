"""`mlops-kit reproduce --engine dvc`: DVC's own loop, one stage after another, told like a run of the kit."""

from dataclasses import replace

from mlops_kit.commands.reproduce import Manner, Reproduction, conclude
from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.errors import InterruptedRunError, OutsideError
from mlops_kit.core.pipeline.schedule import OnFailure
from mlops_kit.core.ports import OwnLoop, Progress
from mlops_kit.core.run import CommandEnd, Selection, StageResult, StageState
from mlops_kit.core.types import StageName

POLL_SECONDS = 0.2


def reproduce_in_dvc(workshop: Workshop, loop: OwnLoop, selection: Selection, manner: Manner) -> Reproduction:
    """Check the plan as for a run of the kit, let DVC carry it out, and tell what became of each stage."""
    planned = workshop.pipeline.plan(replace(selection, pull=False))
    names = tuple(stage.name for stage in planned)
    workshop.progress.begin(names)
    workshop.engine.start(loop.command(selection, keep_going=manner.on_failure is OnFailure.KEEP_GOING))
    watcher = _Watcher(loop, workshop.progress)
    end, interrupted = _follow(workshop, watcher)
    watcher.tell(end)
    results = _results(names, loop.read_results(), end)
    workshop.progress.close()
    workshop.pipeline.finish(results)
    _refuse_silence(results, end, interrupted)
    return conclude(workshop.pipeline, selection, manner, Reproduction(stages=results, interrupted=interrupted))


class _Watcher:
    """Passes on what the loop notes, each stage once."""

    def __init__(self, loop: OwnLoop, progress: Progress) -> None:
        self._loop = loop
        self._progress = progress
        self._started: set[StageName] = set()
        self._told: set[StageName] = set()

    def tell(self, end: CommandEnd | None = None) -> None:
        """Tell what is new; at the `end`, a stage that has not ended ended with it."""
        found = self._loop.read_results()
        for place, stage in enumerate(found, start=1):
            is_open = place == len(found) and stage.state is StageState.FAILED and not stage.message and end is None
            if stage.name not in self._started:
                self._started.add(stage.name)
                if is_open or stage.state in {StageState.RAN, StageState.FAILED}:
                    self._progress.start(stage.name, "")
            if not is_open and stage.name not in self._told:
                self._told.add(stage.name)
                self._progress.end(_closed(stage, end), end.tail if end else ())


def _follow(workshop: Workshop, watcher: _Watcher) -> tuple[CommandEnd, str]:
    """Wait for DVC; how it ended, and why it was stopped, if it was."""
    try:
        while (end := workshop.engine.wait(POLL_SECONDS)) is None:
            watcher.tell()
    except InterruptedRunError as stop:
        (end, *_) = workshop.engine.stop()
        return end, str(stop)
    return end, ""


def _results(names: tuple[StageName, ...], found: tuple[StageResult, ...], end: CommandEnd) -> tuple[StageResult, ...]:
    skipped = {name: StageResult(name=name, state=StageState.SKIPPED) for name in names}
    return tuple((skipped | {stage.name: _closed(stage, end) for stage in found}).values())


def _closed(stage: StageResult, end: CommandEnd | None) -> StageResult:
    """A stage's result with the log; one that has no ending yet was ended together with DVC."""
    if stage.state is not StageState.FAILED:
        return stage
    message = stage.message or "was ended together with DVC"
    return replace(stage, message=message, log=str(end.log or "") if end else "")


def _refuse_silence(results: tuple[StageResult, ...], end: CommandEnd, interrupted: str) -> None:
    """DVC that failed without a failed stage did not get to them."""
    if end.status != 0 and not interrupted and all(stage.state is not StageState.FAILED for stage in results):
        said = end.tail[-1] if end.tail else f"exit status {end.status}"
        raise OutsideError(f"DVC did not carry out the run: {said}", hint=f"its output: {end.log}" if end.log else "")
