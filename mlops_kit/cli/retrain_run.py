"""The run of `mlops-kit retrain`: the whole pipeline, and what it leaves to hand over."""

from dataclasses import dataclass

from mlops_kit import wiring
from mlops_kit.adapters.git import GitRepository
from mlops_kit.cli import Caller
from mlops_kit.cli.progress import choose_progress
from mlops_kit.commands.facts import declared_project
from mlops_kit.commands.hand_over import Packer, hand_over
from mlops_kit.commands.reproduce import Manner, Reproduction, reproduce
from mlops_kit.core.errors import InterruptedRunError, KitError, StageFailedError
from mlops_kit.core.run import EngineChoice, Selection
from mlops_kit.core.training.usage import count_gpu_seconds
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a training runs: commands at a time and GPUs, None for what the machine has."""

    jobs: int | None = None
    gpus: int | None = None
    push: bool = False


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training cost, and why it has no result."""

    gpu_seconds: int = 0
    error: KitError | None = None

    @property
    def failure(self) -> str:
        """The same as one sentence, empty where there is a result."""
        return str(self.error.problems[0]) if self.error else ""

    def hand_over(self, packer: Packer, base: CommitSha) -> None:
        """Fill the folder with what the run changed."""
        hand_over(packer, base)


def train(caller: Caller, git: GitRepository, training: Training, *, push: bool) -> Trained:
    """Run all pipelines around the folder; a failure is part of the answer."""
    variables = caller.inputs.variables
    setting = wiring.RunSetting(gpus=training.gpus)
    manner = Manner(jobs=training.jobs or wiring.count_jobs(EngineChoice()), push=push)
    selection = Selection(every_pipeline=True, pull=wiring.has_dvc_remote(caller.folder))
    wiring.check_pipelines(caller.folder, variables, most_stages=None)
    try:
        with wiring.open_workshop(caller.folder, variables, choose_progress(caller.inputs), setting) as workshop:
            done = reproduce(workshop, selection, manner)
    except KitError as error:
        return Trained(error=error)
    project = declared_project(wiring.open_work_tree(git))
    root = wiring.find_root(git, caller.folder)
    return Trained(gpu_seconds=count_gpu_seconds(project, done.stages, root=root), error=_find_error(done))


def _find_error(done: Reproduction) -> KitError | None:
    """An interrupt, else the first failure, else what kept the results from the remote."""
    if done.interrupted:
        return InterruptedRunError(done.interrupted, hint="finished stages are kept; run again to go on")
    if done.failed:
        first, *others = done.failed
        more = f" (and {len(others)} more)" if others else ""
        return StageFailedError(f"stage {first.name!r} failed: {first.message}{more}", hint="its output is above")
    return done.unsent
