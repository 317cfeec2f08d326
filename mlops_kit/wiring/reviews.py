"""What a report is made of, and what judges, shows and posts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_credentials import with_credentials
from mlops_kit.core.config import CONFIG_FILE
from mlops_kit.wiring.handed_over import read_image
from mlops_kit.wiring.promotions import open_log
from mlops_kit.wiring.repository import open_work_tree

if TYPE_CHECKING:
    from mlops_kit.adapters.cml import CmlProgram
    from mlops_kit.adapters.github.forge import GitHubForge
    from mlops_kit.adapters.github.issues import GitHubIssues
    from mlops_kit.adapters.github.pictures import GitHubPictures
    from mlops_kit.commands.judge import Bench
    from mlops_kit.commands.pictures import Gallery
    from mlops_kit.commands.plot_images import Darkroom
    from mlops_kit.commands.report import Sources
    from mlops_kit.commands.world import World
    from mlops_kit.core.forge import MergeGroup, PullRequest
    from mlops_kit.core.ports import Pictures
    from mlops_kit.core.review.plots import Image
    from mlops_kit.core.review.report import Report


def open_sources(git: GitRepository, environment: Mapping[str, str], opener: Callable[[], World]) -> Sources:
    """Where a report looks: git, the work tree, DVC and its objects, the log, the last run's results."""
    from mlops_kit.adapters.dvc.objects import DvcObjects
    from mlops_kit.adapters.dvc.resolver import DvcResolver
    from mlops_kit.adapters.last_run import read_last_run, read_tracked_run
    from mlops_kit.adapters.last_sweep import read_last_sweep
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
        read_tracked_run=lambda root: read_tracked_run(git.root / root),
        read_last_sweep=lambda root: read_last_sweep(git.root / root),
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


def render_page(report: Report, read_image: Callable[[Image], bytes]) -> str:
    """The report as one HTML file with its plots drawn, where the library for that is there."""
    from importlib.resources import files

    from mlops_kit.adapters.vega import draw_plot
    from mlops_kit.commands.page import embed_pictures
    from mlops_kit.core.render.html import render_html
    from mlops_kit.core.review.occasion import Occasion

    pictures = embed_pictures(report.plots, draw=draw_plot, read_image=read_image)
    template = files("mlops_kit").joinpath("templates", "report.html.jinja").read_text("utf-8")
    return render_html(report, Occasion(), pictures, template)


def open_forge(repository: str, *, api_url: str, token: str) -> GitHubForge:
    """The repository on its forge; InputError where the address, the name or the token is missing or wrong."""
    from mlops_kit.adapters.github.forge import connect

    return connect(repository, api_url=api_url, token=token)


def open_issues(repository: str, *, api_url: str, token: str) -> GitHubIssues:
    """The repository's issues; InputError as for the forge."""
    from mlops_kit.adapters.github.issues import connect_issues

    return connect_issues(repository, api_url=api_url, token=token)


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
