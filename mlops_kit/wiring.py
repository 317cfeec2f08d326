"""Builds the outside world once, from configuration and inputs; verbs get ports and never build one themselves.

Each function imports its adapter when it is called, so that no verb pays for a library it does not use.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.git import GitRepository
from mlops_kit.commands.reproduce import Workshop
from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.ports import Progress

if TYPE_CHECKING:
    from mlops_kit.adapters.workspace import WorkTree


def open_git(folder: Path, environment: Mapping[str, str]) -> GitRepository:
    """The repository around a folder."""
    return GitRepository(folder, environment)


def open_work_tree(git: GitRepository) -> "WorkTree":
    """The files of the work tree as they lie on disk."""
    from mlops_kit.adapters.workspace import WorkTree

    return WorkTree(git)


def load_config(root: Path, config_file: str | None) -> Config:
    """The configuration of the work tree; the defaults where there is no mlops.yaml and none was named."""
    data = read_limited(root, config_file or CONFIG_FILE)
    if data is None and config_file is not None:
        raise InputError("no such file", location=Location(file=config_file))
    return default_config() if data is None else parse_config(data, file=config_file or CONFIG_FILE)


def count_processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recover_locks(folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Check every dvc.lock before DVC reads it, and put back those that a killed run emptied; what was done."""
    from mlops_kit.adapters.locks import recover_locks as recover

    return recover(open_git(folder, environment))


@contextmanager
def open_workshop(folder: Path, environment: Mapping[str, str], progress: Progress) -> Iterator[Workshop]:
    """The pipeline around a folder, and this machine as its engine, for the time of one run."""
    from mlops_kit.adapters.dvc.pipeline import DvcPipeline
    from mlops_kit.adapters.last_run import FOLDER
    from mlops_kit.engines.local import LocalEngine

    pipeline = DvcPipeline(folder, environment)
    logs = pipeline.root / FOLDER / "logs"
    with pipeline, LocalEngine(environment=environment, logs=logs, on_line=progress.line) as engine:
        yield Workshop(pipeline=pipeline, engine=engine, progress=progress)
