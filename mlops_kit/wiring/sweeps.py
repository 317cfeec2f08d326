"""Where the trials of a sweep run: work trees, pipelines, engine, search, and the experiments that they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError
from mlops_kit.core.run import EngineKind, Selection
from mlops_kit.wiring.repository import open_git
from mlops_kit.wiring.runs import RunSetting, find_gpus, surround

if TYPE_CHECKING:
    from mlops_kit.adapters.dvc.fleet import DvcFleet
    from mlops_kit.commands.sweep import Laboratory
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.core.config import Goal
    from mlops_kit.core.ports import Progress
    from mlops_kit.core.ports.sweeping import Found, Search
    from mlops_kit.core.review.sweep import SweepRows
    from mlops_kit.core.run import PlannedStage, StageResult
    from mlops_kit.core.sweep.space import Space
    from mlops_kit.core.sweep.trial import Trial
    from mlops_kit.core.types import CommitSha
    from mlops_kit.engines.local import Surroundings

SCRATCH = "sweeps"


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """What a sweep looks at, in which order, and where its stages run.

    `clean` says that the work tree has to be the commit, because a trial will be written into it.
    """

    space: Space
    search: Search
    setting: RunSetting
    clean: bool = False


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The trial that is to be in the work tree: its commit's parent, its name, and what its stages did."""

    baseline: CommitSha
    name: str
    stages: tuple[StageResult, ...]


@contextmanager
def open_laboratory(
    folder: Path,
    environment: Mapping[str, str],
    progress: Progress,
    plan: SweepPlan,
) -> Iterator[Laboratory]:
    """Everything for one sweep over the last commit around a folder; nobody else runs the pipeline there meanwhile."""
    from mlops_kit.adapters.dvc.fleet import DvcFleet, Site
    from mlops_kit.adapters.last_run import FOLDER
    from mlops_kit.adapters.run_lock import RunLock
    from mlops_kit.adapters.scratch import scratch_folder
    from mlops_kit.commands.sweep import Laboratory

    git = open_git(folder, environment)
    root = _find_root(folder, git)
    params = _read_params(git, folder, plan.space)
    scratch = root / FOLDER / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        lock = RunLock(root / FOLDER, patience_seconds=plan.setting.patience_seconds, note=progress.note)
        around = surround(root, environment, held=(opened.enter_context(lock).handle,))
        site = Site(
            git=git,
            scratch=opened.enter_context(scratch_folder(scratch)),
            root=root,
            folder=folder,
            params=params,
            environment=environment,
        )
        fleet = opened.enter_context(DvcFleet(site, progress.note))
        yield Laboratory(
            workshop=opened.enter_context(_open_workshop(fleet, git, around, progress, plan.setting)),
            fleet=fleet,
            search=plan.search,
            keep=_keeper(git, environment, fleet.baseline),
            admit=_admission(git, root, fleet.baseline, clean=plan.clean),
        )


def open_search(space: Space, goal: Goal | None, *, trials: int, seed: int) -> Search:
    """The whole grid where no number of trials is given (0), else Optuna's choice among it."""
    from mlops_kit.core.sweep.grid import GridSearch

    if not trials or goal is None:
        return GridSearch(space)
    from mlops_kit.adapters.optuna_search import OptunaSearch

    return OptunaSearch(space, goal, trials=trials, seed=seed)


def apply_trial(
    folder: Path,
    environment: Mapping[str, str],
    selection: Selection,
    winner: Winner,
    *,
    tell: Callable[[str], None],
) -> None:
    """Leave a trial's params, lock and outputs in the work tree; InputError where that is not the commit now."""
    from mlops_kit.adapters.dvc.applying import check_out_outputs, note_results
    from mlops_kit.adapters.taking_over import require_clean, take_over
    from mlops_kit.commands.experiments import experiment_reference

    git = open_git(folder, environment)
    require_clean(git, winner.baseline, ())
    take_over(git, winner.baseline, git.resolve(experiment_reference(winner.baseline, winner.name)))
    if not selection.elsewhere:
        check_out_outputs(folder, environment, selection, tell)
    note_results(_find_root(folder, git), winner.stages)


def remember_sweep(folder: Path, environment: Mapping[str, str], rows: SweepRows) -> None:
    """Leave the table for a report on this machine."""
    from mlops_kit.adapters.last_sweep import write_last_sweep

    write_last_sweep(_find_root(folder, open_git(folder, environment)), rows)


@contextmanager
def _open_workshop(
    fleet: DvcFleet, git: GitRepository, around: Surroundings, progress: Progress, setting: RunSetting
) -> Iterator[Workshop]:
    from mlops_kit import elsewhere
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.engines.local import LocalEngine

    if setting.engine.kind is EngineKind.RAY:
        with elsewhere.open_ray_workshop(setting.engine.address, fleet, git, around, progress) as workshop:
            yield workshop
        return
    with LocalEngine(around, on_line=progress.line) as engine:
        yield Workshop(
            pipeline=fleet, engine=engine, progress=progress, find_gpus=partial(find_gpus, setting, around.environment)
        )


def _find_root(folder: Path, git: GitRepository) -> Path:
    root = find_dvc_root(folder, top=git.root)
    if root is None:
        raise InputError(f"{folder} is not inside a DVC repository", hint="create one with: dvc init")
    return root


def _read_params(git: GitRepository, folder: Path, space: Space) -> Mapping[str, bytes]:
    """The params files of the commit, by path from the folder; InputError where a param is not there."""
    from mlops_kit.core.sweep.params import check_params
    from mlops_kit.core.sweep.space import list_files, walk_params

    home = folder.relative_to(git.root)
    places = {file: (home / file).as_posix() for file in list_files(space)}
    found = git.read_files("HEAD", places.values())
    files = {file: found[place] for file, place in places.items() if place in found}
    check_params(files, walk_params(space))
    return files


def _keeper(
    git: GitRepository, environment: Mapping[str, str], baseline: CommitSha
) -> Callable[[str, Trial, Found], None]:
    from mlops_kit.adapters.drafts import GitDrafts
    from mlops_kit.commands.experiments import keep_experiment

    def point(reference: str, commit: CommitSha) -> None:
        git.expect("update-ref", reference, commit)

    def keep(name: str, trial: Trial, found: Found) -> None:
        keep_experiment(GitDrafts(git, environment), point, baseline, name=name, trial=trial, found=found)

    return keep


def _admission(
    git: GitRepository, root: Path, baseline: CommitSha, *, clean: bool
) -> Callable[[tuple[PlannedStage, ...]], None]:
    from mlops_kit.adapters.snapshot import require_committed
    from mlops_kit.adapters.taking_over import require_clean

    def admit(planned: tuple[PlannedStage, ...]) -> None:
        home = root.relative_to(git.root)
        written = [(home / path).as_posix() for stage in planned for path in stage.writes]
        if clean:
            require_clean(git, baseline, written)
        require_committed(git, written, why="trials run the commit")

    return admit
