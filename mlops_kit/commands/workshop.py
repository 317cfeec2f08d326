"""What a run works with: the pipeline, where its commands run, and who is told."""

from collections.abc import Callable
from dataclasses import dataclass

from mlops_kit.core.pipeline.forecast import Forecast
from mlops_kit.core.ports import Engine, Pipeline, Progress
from mlops_kit.core.run import Gpu, PlannedStage, Selection


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The ports of a run, and how to find the GPUs that it may hand out; None where the engine places stages by itself.

    `foresee` says what a run would do, for the rare question whether a stage that cannot run here will have to.
    `admit` raises where the engine cannot carry out a plan.
    """

    pipeline: Pipeline
    engine: Engine
    progress: Progress
    find_gpus: Callable[[], tuple[Gpu, ...]] | None = tuple
    foresee: Callable[[Selection], Forecast] | None = None
    admit: Callable[[tuple[PlannedStage, ...]], None] = lambda _planned: None
