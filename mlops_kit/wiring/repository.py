"""The repository around a folder: git, the work tree, its configuration, and the checks of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_credentials import with_credentials
from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError, Location

if TYPE_CHECKING:
    from mlops_kit.adapters.workspace import WorkTree


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


def check_locks(folder: Path, environment: Mapping[str, str]) -> None:
    """Check every dvc.lock before DVC reads it, and leave all as they are; raises where one must not be read."""
    from mlops_kit.adapters.lock_recovery import check_locks as check

    check(open_git(folder, environment))


def check_pipelines(folder: Path, environment: Mapping[str, str], *, most_stages: int | None) -> None:
    """Raise what is wrong with the dvc.yaml files before DVC reads them; `most_stages` is None for the default."""
    from mlops_kit.adapters.pipeline_check import check_pipelines as check

    check(open_git(folder, environment), folder.resolve(), most_stages=most_stages)


def write_text(path: Path, text: str) -> None:
    """Replace a file's content with the text; OutsideError where it cannot be written."""
    write_atomic(path, text.encode())


def has_registry(root: Path, tracking_uri: str) -> bool:
    """Whether a registry is configured here: by its address, or as the repository's own database."""
    from mlops_kit.adapters.mlflow.session import DATABASE_FILE

    return bool(tracking_uri) or (root / DATABASE_FILE).exists()
