"""What a run works with: the pipeline, where its commands run, and who is told."""

from dataclasses import dataclass

from mlops_kit.core.ports import Engine, Pipeline, Progress
from mlops_kit.core.run import Gpu


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The ports of a run, and the GPUs that it may hand out; None where the engine places stages by itself."""

    pipeline: Pipeline
    engine: Engine
    progress: Progress
    gpus: tuple[Gpu, ...] | None = ()
