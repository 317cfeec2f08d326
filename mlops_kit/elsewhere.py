"""Builds what a run on other machines needs: the planner's workshop, and on the other side one stage's clone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlops_kit.core.errors import KitError
from mlops_kit.core.pipeline.masking import Mask, secret_values
from mlops_kit.core.run import CommandEnd, Errand, ErrandEnd, PlannedStage, Snapshot

if TYPE_CHECKING:
    from mlops_kit.adapters.dvc.fleet import DvcFleet
    from mlops_kit.adapters.dvc.pipeline import DvcPipeline
    from mlops_kit.adapters.git import GitRepository
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.core.ports import Engine, Progress
    from mlops_kit.engines.local import Surroundings


@contextmanager
def open_ray_workshop(
    address: str, pipeline: DvcPipeline | DvcFleet, git: GitRepository, around: Surroundings, progress: Progress
) -> Iterator[Workshop]:
    """The pipeline with a Ray cluster as its engine, for the time of one run; without an address, RAY_ADDRESS."""
    from mlops_kit.adapters.snapshot import require_committed, take_snapshot
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.engines.ray import Dispatch, RayEngine

    home = PurePosixPath(pipeline.root.relative_to(git.root).as_posix())
    dispatch = Dispatch(take_snapshot=lambda: take_snapshot(git), describe_errand=pipeline.describe_errand)
    engine = RayEngine(
        address or around.environment.get("RAY_ADDRESS", ""), dispatch, logs=around.logs, progress=progress
    )

    def admit(planned: tuple[PlannedStage, ...]) -> None:
        engine.admit(planned)
        pipeline.require_remote()
        require_committed(git, (str(home / path) for stage in planned for path in stage.writes))

    with engine:
        yield Workshop(pipeline=pipeline, engine=engine, progress=progress, find_gpus=None, admit=admit)


def carry_out(snapshot: Snapshot, errand: Errand, environment: Mapping[str, str]) -> ErrandEnd:
    """Run an errand's stage in a clone of its own; what went wrong is in the answer, and nothing of it stays."""
    from mlops_kit.adapters.scratch import scratch_folder
    from mlops_kit.engines.errand import LOG_BYTES
    from mlops_kit.engines.local import LocalEngine, Surroundings

    with scratch_folder() as folder:
        around = Surroundings(environment=environment, logs=folder / "logs", mask=Mask(secret_values(environment)))
        with LocalEngine(around, on_line=lambda _stage, _text: None) as engine:
            try:
                end = _run_in_clone(snapshot, errand, folder, engine, environment)
            except KitError as error:
                end = CommandEnd(stage=errand.stage, status=1, seconds=0.0, trouble=str(error))
        return ErrandEnd(end=end, log=_read_end(end.log, LOG_BYTES))


def _run_in_clone(
    snapshot: Snapshot, errand: Errand, folder: Path, engine: Engine, environment: Mapping[str, str]
) -> CommandEnd:
    from mlops_kit.adapters.dvc.elsewhere import lay_out
    from mlops_kit.adapters.dvc.pipeline import DvcPipeline
    from mlops_kit.adapters.snapshot import lay_out_snapshot
    from mlops_kit.commands.errand import carry_out_errand

    clone = folder / "clone"
    clone.mkdir()
    lay_out_snapshot(snapshot, clone, environment)
    lay_out(errand, clone / errand.root, site=folder / "site")
    with DvcPipeline(clone / errand.root, environment, lambda _text: None) as outpost:
        return carry_out_errand(outpost, engine, errand.stage)


def _read_end(path: Path | None, limit: int) -> bytes:
    if path is None:
        return b""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - limit))
        return stream.read()
