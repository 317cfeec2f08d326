"""Makes the work tree's outputs those that its dvc.lock names, as a run that restored every stage would leave them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from mlops_kit.adapters.dvc.outputs import check_out_missing
from mlops_kit.adapters.dvc.pipeline import DvcPipeline
from mlops_kit.adapters.dvc.session import stage_errors
from mlops_kit.adapters.last_run import write_last_run
from mlops_kit.core.run import Selection, StageResult


def check_out_outputs(
    folder: Path, environment: Mapping[str, str], selection: Selection, tell: Callable[[str], None]
) -> None:
    """Bring what the selected stages wrote, and data that is missing, from the cache.

    StageFailedError where the cache lacks what a stage wrote.
    """
    with DvcPipeline(folder, environment, tell) as pipeline:
        pipeline.plan(replace(selection, pull=False))
        with pipeline.locked(), stage_errors():
            for stage in pipeline.stages:
                if stage.cmd:
                    stage.checkout(force=True)
                else:
                    check_out_missing(stage)


def note_results(root: Path, results: Iterable[StageResult]) -> None:
    """Leave for `report` what a trial's stages did."""
    write_last_run(root, tuple(results))
