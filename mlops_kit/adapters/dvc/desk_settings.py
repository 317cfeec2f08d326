"""Lets a trial's work tree use the cache, the run-cache and the remotes of the repository that it is made from."""

from pathlib import Path
from typing import Any

from dvc.config import Config, merge
from dvc.repo import Repo

from mlops_kit.adapters.dvc.session import pipeline_errors

Settings = dict[str, Any]


def read_settings(folder: Path, site: Path) -> Settings:
    """What a work tree elsewhere needs of the repository around a folder; DVC's own databases go to `site`.

    Paths that are relative to the repository's own files are absolute here.
    """
    with pipeline_errors(), Repo(str(folder)) as repo:
        found: Settings = repo.config.read("repo")
        merge(found, repo.config.read("local"))
        merge(found, {"core": {"analytics": False, "site_cache_dir": str(site), "autostage": False}})
        merge(found, {"cache": {"dir": repo.cache.local_cache_dir}})
        return found


def write_settings(settings: Settings, root: Path) -> None:
    """Make them the local settings of the work tree whose DVC root it is."""
    with pipeline_errors(), Config(str(root / ".dvc"), validate=False).edit("local") as local:
        merge(local, settings)
