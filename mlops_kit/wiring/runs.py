"""Where and how a pipeline runs: the workshop, the lookout before it, and where its run is tracked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.config import TrackingKind
from mlops_kit.core.run import EngineChoice, EngineKind
from mlops_kit.wiring.repository import load_config, open_git, open_work_tree

if TYPE_CHECKING:
    from mlops_kit.commands.forecast import Lookout
    from mlops_kit.commands.track import Ledger
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.core.pipeline.forecast import Forecast
    from mlops_kit.core.ports import OwnLoop, Progress
    from mlops_kit.core.run import Gpu, Selection
    from mlops_kit.core.types import StageName
    from mlops_kit.engines.local import Surroundings

TRACKING_SECONDS = 30.0
"""How long DVC may take to read what a tracked run says."""


def count_processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class RunSetting:
    """Where and when a run takes place.

    `gpus` is how many GPUs there are, None to ask the machine; `patience_seconds` how long another run is waited for;
    `engine` where the commands run.
    """

    gpus: int | None = None
    patience_seconds: float = 0.0
    engine: EngineChoice = field(default_factory=EngineChoice)


def count_jobs(choice: EngineChoice) -> int:
    """How many commands may run at once where nobody says: processors here, whatever is ready on a cluster."""
    return sys.maxsize if choice.kind is EngineKind.RAY else count_processors()


@contextmanager
def open_lookout(folder: Path) -> Iterator[Lookout]:
    """The pipeline around a folder, to be looked at, with the results of the last run here."""
    from mlops_kit.adapters.dvc.reasons import DvcForecaster
    from mlops_kit.adapters.last_run import read_last_run
    from mlops_kit.commands.forecast import Lookout

    with DvcForecaster(folder) as forecaster:
        yield Lookout(forecaster=forecaster, last_run=read_last_run(forecaster.root))


@contextmanager
def open_workshop(
    folder: Path,
    environment: Mapping[str, str],
    progress: Progress,
    setting: RunSetting = RunSetting(),
    *,
    on_line: Callable[[StageName, str], None] | None = None,
) -> Iterator[Workshop]:
    """The pipeline around a folder, and the engine of the setting, for the time of one run.

    Nobody else runs there meanwhile, and every dvc.lock was checked before DVC reads it. `on_line` gets what commands
    print, in the place of `progress`.
    """
    from mlops_kit import elsewhere
    from mlops_kit.adapters.dvc.pipeline import DvcPipeline
    from mlops_kit.adapters.last_run import FOLDER
    from mlops_kit.adapters.lock_recovery import recover_locks
    from mlops_kit.adapters.run_lock import RunLock
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.engines.local import LocalEngine

    with DvcPipeline(folder, environment, progress.note) as pipeline:
        lock = RunLock(pipeline.root / FOLDER, patience_seconds=setting.patience_seconds, note=progress.note)
        with lock:
            git = open_git(folder, environment)
            for message in recover_locks(git):
                progress.note(message)
            around = surround(pipeline.root, environment, held=(lock.handle,))
            if setting.engine.kind is EngineKind.RAY:
                with elsewhere.open_ray_workshop(setting.engine.address, pipeline, git, around, progress) as workshop:
                    yield workshop
                return
            with LocalEngine(around, on_line=on_line or progress.line) as engine:
                yield Workshop(
                    pipeline=pipeline,
                    engine=engine,
                    progress=progress,
                    find_gpus=partial(find_gpus, setting, environment),
                    foresee=partial(_foresee, folder),
                )


def _foresee(folder: Path, selection: Selection) -> Forecast:
    from mlops_kit.commands.forecast import forecast

    with open_lookout(folder) as lookout:
        return forecast(lookout.forecaster, selection)


def open_own_loop(folder: Path) -> OwnLoop:
    """DVC's own loop in a folder."""
    from mlops_kit.adapters.dvc.own_loop import OwnLoop

    return OwnLoop(folder)


def open_ledger(
    git: GitRepository,
    environment: Mapping[str, str],
    folder: Path,
    *,
    uri: str,
    repository: str,
    config_file: str | None,
) -> Ledger | None:
    """Where reproduces in a folder are tracked, at MLflow's address; None where mlops.yaml says that they are not."""
    from mlops_kit.adapters.checkout import read_checkout
    from mlops_kit.adapters.dvc.resolver import DvcResolver
    from mlops_kit.adapters.dvc_root import find_dvc_root
    from mlops_kit.adapters.last_run import note_tracked_run
    from mlops_kit.adapters.mlflow.tracking import hide_secrets, open_tracking
    from mlops_kit.commands.track import Ledger

    choice = load_config(git.root, config_file).tracking
    if choice.kind is TrackingKind.NONE:
        return None
    root = find_dvc_root(folder, top=git.root) or git.root
    return Ledger(
        tracking=open_tracking(uri, git.root, environment),
        experiment=choice.experiment or repository.rpartition("/")[2] or git.root.name,
        root="" if root == git.root else root.relative_to(git.root).as_posix(),
        tree=open_work_tree(git),
        resolver=DvcResolver(git.root, environment, timeout_seconds=TRACKING_SECONDS),
        read_checkout=partial(read_checkout, git),
        hide=hide_secrets(uri, environment),
        remember=partial(note_tracked_run, root),
    )


def surround(root: Path, environment: Mapping[str, str], *, held: tuple[int, ...] = ()) -> Surroundings:
    """What an engine finds around it, with a new folder for logs; `held` stay open until its last command is gone."""
    from mlops_kit.adapters.clock import SystemClock
    from mlops_kit.adapters.gpu import read_gpu_memory
    from mlops_kit.adapters.run_folder import make_run_folder
    from mlops_kit.core.pipeline.masking import Mask, secret_values
    from mlops_kit.engines.local import Surroundings

    return Surroundings(
        environment=environment,
        logs=make_run_folder(root, SystemClock().now()),
        mask=Mask(secret_values(environment)),
        read_gpu_memory=partial(read_gpu_memory, environment),
        held=held,
    )


def find_gpus(setting: RunSetting, environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """The GPUs that a run may hand out: as many as the setting says, else those of the machine."""
    from mlops_kit.adapters.gpu import count_gpus, read_gpus

    return read_gpus(environment) if setting.gpus is None else count_gpus(setting.gpus, environment)
