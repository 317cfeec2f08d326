"""One stage in a clone on a machine of its own: fetch what it reads, run it, send what it made, say how it ended."""

from dataclasses import replace
from typing import Protocol

from mlops_kit.core.errors import InterruptedRunError, KitError, StageFailedError
from mlops_kit.core.ports import Engine, Pipeline
from mlops_kit.core.run import CommandEnd, RemoteResult, Selection, StageCommand
from mlops_kit.core.types import StageName

_WAIT_SECONDS = 1.0
_NOT_RUN = 1


class Outpost(Pipeline, Protocol):
    """A pipeline in a clone whose data is in the DVC remote."""

    def fetch_inputs(self, stage: StageName) -> None:
        """Bring what a stage reads; StageFailedError where something is nowhere."""

    def deliver(self, stage: StageName) -> RemoteResult:
        """Send what a recorded stage made; what its run brings back."""


def carry_out_errand(outpost: Outpost, engine: Engine, stage: StageName) -> CommandEnd:
    """How the stage ended, with its results where it ended well; what kept it from that is part of the answer."""
    end = CommandEnd(stage=stage, status=_NOT_RUN, seconds=0.0)
    try:
        engine.start(_prepare(outpost, stage))
        end = _wait_for_end(engine)
        if end.status == 0:
            outpost.record(stage)
            end = replace(end, remote=outpost.deliver(stage))
    except KitError as error:
        return replace(end, status=end.status or _NOT_RUN, trouble=str(error))
    return end


def _prepare(outpost: Outpost, stage: StageName) -> StageCommand:
    outpost.plan(Selection(targets=(stage,), force=True))
    outpost.fetch_inputs(stage)
    todo = outpost.prepare(stage)
    if isinstance(todo, StageCommand):
        return todo
    raise StageFailedError(f"the commit's stage {stage!r} has no command to run")


def _wait_for_end(engine: Engine) -> CommandEnd:
    """The one command's end, also where it was asked to stop."""
    try:
        while (end := engine.wait(_WAIT_SECONDS)) is None:
            pass
    except InterruptedRunError:
        return engine.stop()[0]
    return end
