"""Builds the outside world once, from configuration and inputs; verbs get ports and never build one themselves.

Each function imports its adapter when it is called, so that no verb pays for a library it does not use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_credentials import with_credentials
from mlops_kit.core.config import CONFIG_FILE, Config, RegistryKind, default_config, parse_config
from mlops_kit.core.errors import InputError, IntegrityError, Location
from mlops_kit.core.run import EngineChoice, EngineKind

if TYPE_CHECKING:
    from mlops_kit.adapters.cml import CmlProgram
    from mlops_kit.adapters.github.forge import GitHubForge
    from mlops_kit.adapters.github.pictures import GitHubPictures
    from mlops_kit.adapters.workspace import WorkTree
    from mlops_kit.commands.forecast import Lookout
    from mlops_kit.commands.judge import Bench
    from mlops_kit.commands.pictures import Gallery
    from mlops_kit.commands.plot_images import Darkroom
    from mlops_kit.commands.report import Sources
    from mlops_kit.commands.workshop import Workshop
    from mlops_kit.commands.world import Wishes, World
    from mlops_kit.core.forge import MergeGroup, PullRequest
    from mlops_kit.core.pipeline.forecast import Forecast
    from mlops_kit.core.ports import Forge, OwnLoop, Pictures, Progress, PromotionLog, Registry
    from mlops_kit.core.review.report import Report
    from mlops_kit.core.run import Gpu, Selection
    from mlops_kit.core.types import EnvironmentName, ModelName, StageName
    from mlops_kit.engines.local import Surroundings

REPORT_LIMIT = 1024 * 1024
"""Bytes of the largest report that is taken from another job."""


def open_git(folder: Path, environment: Mapping[str, str]) -> GitRepository:
    """The repository around a folder; within a workflow git may use its token."""
    return GitRepository(folder, with_credentials(environment))


def open_work_tree(git: GitRepository) -> WorkTree:
    """The files of the work tree as they lie on disk."""
    from mlops_kit.adapters.workspace import WorkTree

    return WorkTree(git)


def load_config(root: Path, config_file: str | None) -> Config:
    """The configuration of the work tree; the defaults where there is no mlops.yaml and none was named."""
    data = read_limited(root, config_file or CONFIG_FILE)
    if data is None and config_file is not None:
        raise InputError("no such file", location=Location(file=config_file))
    return default_config() if data is None else parse_config(data, file=config_file or CONFIG_FILE)


def open_sources(git: GitRepository, environment: Mapping[str, str], opener: Callable[[], World]) -> Sources:
    """Where a report looks: git, the work tree, DVC and its objects, the log, the last run's results."""
    from mlops_kit.adapters.dvc.objects import DvcObjects
    from mlops_kit.adapters.dvc.resolver import DvcResolver
    from mlops_kit.adapters.last_run import read_last_run
    from mlops_kit.adapters.tables.reader import TableReader
    from mlops_kit.commands.report import Sources

    return Sources(
        git=git,
        work_tree=open_work_tree(git),
        resolver=DvcResolver(git.root, environment),
        log=open_log(git),
        objects=DvcObjects(git.root, environment),
        tables=TableReader(environment),
        open_world=opener,
        read_last_run=lambda root: read_last_run(git.root / root),
    )


def open_darkroom(folder: Path | None, kept: dict[str, bytes]) -> Darkroom:
    """What takes the images among the plots: into a folder where one is named, and always into `kept`, by name."""
    from mlops_kit.adapters.vega import rasterize_svg
    from mlops_kit.commands.plot_images import Darkroom

    def write(name: str, data: bytes) -> None:
        kept[name] = data
        if folder is not None:
            write_atomic(folder / name, data)

    return Darkroom(write=write, rasterize=rasterize_svg)


def render_page(report: Report, images: Mapping[str, bytes]) -> str:
    """The report as one HTML file with its plots drawn, where the library for that is there."""
    from importlib.resources import files

    from mlops_kit.adapters.vega import draw_plot
    from mlops_kit.commands.page import embed_pictures
    from mlops_kit.core.render.html import render_html
    from mlops_kit.core.review.occasion import Occasion

    pictures = embed_pictures(report.plots, draw=draw_plot, read_image=lambda image: images[image.file])
    template = files("mlops_kit").joinpath("templates", "report.html.jinja").read_text("utf-8")
    return render_html(report, Occasion(), pictures, template)


def has_registry(root: Path, tracking_uri: str) -> bool:
    """Whether a registry is configured here: by its address, or as the repository's own database."""
    from mlops_kit.adapters.mlflow.session import DATABASE_FILE

    return bool(tracking_uri) or (root / DATABASE_FILE).exists()


def write_text(path: Path, text: str) -> None:
    """Replace a file's content with the text; OutsideError where it cannot be written."""
    write_atomic(path, text.encode())


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


def check_locks(folder: Path, environment: Mapping[str, str]) -> None:
    """Check every dvc.lock before DVC reads it, and leave all as they are; raises where one must not be read."""
    from mlops_kit.adapters.lock_recovery import check_locks as check

    check(open_git(folder, environment))


@contextmanager
def open_lookout(folder: Path) -> Iterator[Lookout]:
    """The pipeline around a folder, to be looked at, with the results of the last run here."""
    from mlops_kit.adapters.dvc.reasons import DvcForecaster
    from mlops_kit.adapters.last_run import read_last_run
    from mlops_kit.commands.forecast import Lookout

    with DvcForecaster(folder) as forecaster:
        yield Lookout(forecaster=forecaster, last_run=read_last_run(forecaster.root))


def check_pipelines(folder: Path, environment: Mapping[str, str], *, most_stages: int | None) -> None:
    """Raise what is wrong with the dvc.yaml files before DVC reads them; `most_stages` is None for the default."""
    from mlops_kit.adapters.pipeline_check import check_pipelines as check

    check(open_git(folder, environment), folder.resolve(), most_stages=most_stages)


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
            around = _surround(pipeline.root, environment, held=lock.handle)
            if setting.engine.kind is EngineKind.RAY:
                with elsewhere.open_ray_workshop(setting.engine.address, pipeline, git, around, progress) as workshop:
                    yield workshop
                return
            with LocalEngine(around, on_line=on_line or progress.line) as engine:
                yield Workshop(
                    pipeline=pipeline,
                    engine=engine,
                    progress=progress,
                    find_gpus=partial(_find_gpus, setting, environment),
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


def _surround(root: Path, environment: Mapping[str, str], *, held: int) -> Surroundings:
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
        held=(held,),
    )


def _find_gpus(setting: RunSetting, environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    from mlops_kit.adapters.gpu import count_gpus, read_gpus

    return read_gpus(environment) if setting.gpus is None else count_gpus(setting.gpus, environment)


def open_forge(repository: str, *, api_url: str, token: str) -> GitHubForge:
    """The repository on its forge; InputError where the address, the name or the token is missing or wrong."""
    from mlops_kit.adapters.github.forge import connect

    return connect(repository, api_url=api_url, token=token)


def open_cml(folder: Path, environment: Mapping[str, str], *, repository: str, token: str) -> CmlProgram:
    """The `cml` program for a repository (an address of the web)."""
    from mlops_kit.adapters.cml import CmlProgram

    return CmlProgram(folder, environment, repository=repository, token=token)


def open_pictures(repository: str, *, api_url: str, server_url: str, token: str, report_id: str) -> GitHubPictures:
    """The pictures of a report's comments; InputError as for the forge. `server_url` may be empty."""
    from mlops_kit.adapters.github.pictures import connect_pictures

    return connect_pictures(repository, api_url=api_url, server_url=server_url, token=token, report_id=report_id)


def open_gallery(pictures: Pictures, folder: Path, place: str) -> Gallery:
    """What shows plots: drawn here, or images that another job left in a place under the folder."""
    from mlops_kit.adapters.vega import draw_plot
    from mlops_kit.commands.pictures import Gallery

    return Gallery(pictures=pictures, read_image=partial(read_image, folder, place), draw=draw_plot)


def open_bench(git: GitRepository, environment: Mapping[str, str], config_file: str | None) -> Bench:
    """What judges a report: the base's history, the promotion log, and DVC for what only DVC can read."""
    from mlops_kit.adapters.dvc.resolver import DvcResolver
    from mlops_kit.commands.judge import Bench

    return Bench(
        git=git,
        log=open_log(git),
        resolver=DvcResolver(git.root, environment),
        config_file=config_file or CONFIG_FILE,
    )


@contextmanager
def open_head(
    git: GitRepository, environment: Mapping[str, str], proposal: PullRequest | MergeGroup
) -> Iterator[GitRepository]:
    """A repository that has the head of what is reviewed: this clone, else one made for it, to read data from."""
    from mlops_kit.adapters.pull_head import fetch_head
    from mlops_kit.core.forge import MergeGroup
    from mlops_kit.core.review.annotations import FILE_LIMIT

    if isinstance(proposal, MergeGroup) or git.has_commit(proposal.head):
        yield git
        return
    with fetch_head(git, proposal.number, with_credentials(environment), limit=FILE_LIMIT) as head:
        yield head


def read_event(file: str) -> bytes:
    """The workflow's event file; InputError where there is none."""
    from mlops_kit.core.review.event import EVENT_LIMIT

    path = Path(file)
    data = read_limited(path.parent, path.name, limit=EVENT_LIMIT)
    if data is None:
        raise InputError("no such file", location=Location(file=file), hint="GITHUB_EVENT_PATH names the event file")
    return data


def read_artifact(folder: Path, file: str) -> bytes:
    """A report that another job left: a regular file, bounded, behind no link; IntegrityError for anything else."""
    try:
        data = _read_left(folder, file, limit=REPORT_LIMIT)
    except InputError as error:
        raise IntegrityError(f"not a report: {error}", hint="a report is a regular file of at most 1 MiB") from error
    if data is None:
        raise InputError("no such file", location=Location(file=file), hint="make one with: mlops-kit report")
    return data


def read_image(folder: Path, place: str, name: str) -> bytes:
    """An image that another job left beside its report, under the same conditions."""
    from mlops_kit.core.review.plots import IMAGE_LIMIT

    file = f"{place.rstrip('/')}/{name}"
    try:
        data = _read_left(folder, file, limit=IMAGE_LIMIT)
    except InputError as error:
        raise IntegrityError(f"not an image: {error}", hint="an image is a regular file of at most 2 MiB") from error
    if data is None:
        raise IntegrityError(
            "the report shows an image that did not come with it",
            location=Location(file=file),
            hint="hand over the folder that `mlops-kit report --pictures` wrote",
        )
    return data


def _read_left(folder: Path, file: str, *, limit: int) -> bytes | None:
    path = Path(file)
    if path.is_absolute():
        return read_limited(path.parent.parent, f"{path.parent.name}/{path.name}", limit=limit)
    return read_limited(folder, file, limit=limit)


def move_alias(root: Path, model: ModelName, alias: EnvironmentName, number: str) -> None:
    """Point an alias of the repository's own registry at a version as a hand does: nothing is noted about it."""
    from mlops_kit.adapters.mlflow.session import MlflowSession
    from mlops_kit.core.promotion.names import spell_for_registry

    session = MlflowSession("", root)
    with session.calling(f"set the alias {alias} of {model}"):
        session.client.set_registered_model_alias(spell_for_registry(model), alias, number)


def open_log(git: GitRepository) -> PromotionLog:
    """The promotion log of a repository."""
    from mlops_kit.adapters.promotion_log import GitPromotionLog

    return GitPromotionLog(git)


def open_world(
    git: GitRepository,
    environment: Mapping[str, str],
    wishes: Wishes,
    *,
    open_forge: Callable[[], Forge] | None = None,
) -> World:
    """Everything that promotion works with; `open_forge` where there is a forge at hand."""
    from mlops_kit.adapters.clock import SystemClock
    from mlops_kit.adapters.commands import RepositoryCommands
    from mlops_kit.adapters.dvc.artifacts import DvcArtifacts
    from mlops_kit.adapters.dvc.resolver import DvcResolver
    from mlops_kit.commands.world import World
    from mlops_kit.core.promotion.entry import Origin
    from mlops_kit.deployers.catalog import DeployerCatalog
    from mlops_kit.engines.shell import stage_environment

    config = load_config(git.root, wishes.config_file)
    return World(
        git=git,
        config=config,
        log=open_log(git),
        registry=open_registry(config, git.root, wishes),
        artifacts=DvcArtifacts(git),
        deployers=DeployerCatalog(RepositoryCommands(git.root, stage_environment(environment))),
        clock=SystemClock(),
        resolver=DvcResolver(git.root, environment),
        config_file=wishes.config_file or CONFIG_FILE,
        origin=Origin(actor=wishes.actor or git.call("config", "user.name").text, pull_request=wishes.pull_request),
        accept_rewrite=wishes.accept_rewrite,
        open_forge=open_forge,
    )


def open_registry(config: Config, root: Path, wishes: Wishes) -> Registry | None:
    """The registry that the configuration names; None where the team keeps the log alone."""
    from mlops_kit.adapters.mlflow.registry import MlflowRegistry

    match config.registry.kind:
        case RegistryKind.MLFLOW:
            return MlflowRegistry(wishes.tracking_uri, root, repository=wishes.repository)
        case RegistryKind.NONE:
            return None
