"""What data is judged with: where it is found, what reads it, and what says which values are valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_kit.wiring.promotions import open_log
from mlops_kit.wiring.repository import open_work_tree

if TYPE_CHECKING:
    from mlops_kit.adapters.git import GitRepository
    from mlops_kit.commands.drift import DriftSources
    from mlops_kit.core.config import Config
    from mlops_kit.core.drift.report import DriftReport

_REMOTE_SECONDS = 3600.0
"""How long the DVC remote may take for a data set."""


@contextmanager
def open_drift(git: GitRepository, environment: Mapping[str, str], config: Config) -> Iterator[DriftSources]:
    """Everything that drift is judged with; what was fetched for it is removed at the end."""
    from mlops_kit.adapters.clock import SystemClock
    from mlops_kit.adapters.data_places import DataPlaces
    from mlops_kit.adapters.dvc.objects import DvcObjects
    from mlops_kit.adapters.profiles import DuckProfiler
    from mlops_kit.adapters.scratch import scratch_folder
    from mlops_kit.commands.data_sets import Warehouse
    from mlops_kit.commands.drift import DriftSources
    from mlops_kit.detectors.catalog import open_detectors

    detectors = tuple(open_detectors(config.drift).values())
    with scratch_folder() as scratch:
        places = DataPlaces(git.root, environment, scratch)
        warehouse = Warehouse(
            git=git,
            log=open_log(git),
            objects=DvcObjects(git.root, environment, timeout_seconds=_REMOTE_SECONDS),
            work_tree=open_work_tree(git),
            open_place=places.open,
            keep=places.keep,
        )
        yield DriftSources(
            warehouse=warehouse, profiler=DuckProfiler(), config=config, now=SystemClock().now, detectors=detectors
        )


def render_drift_page(report: DriftReport) -> str:
    """The report as one HTML file."""
    from importlib.resources import files

    from mlops_kit.core.render.drift_html import render_drift_html

    return render_drift_html(report, files("mlops_kit").joinpath("templates", "drift.html.jinja").read_text("utf-8"))
