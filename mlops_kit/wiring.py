"""Builds the outside world once, from configuration and inputs; verbs get ports and never build one themselves.

Each function imports its adapter when it is called, so that no verb pays for a library it does not use.
"""

from collections.abc import Mapping
from pathlib import Path

from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.config import CONFIG_FILE, Config, default_config, parse_config
from mlops_kit.core.errors import InputError, Location


def open_git(folder: Path, environment: Mapping[str, str]) -> GitRepository:
    """The repository around a folder."""
    return GitRepository(folder, environment)


def load_config(root: Path, config_file: str | None) -> Config:
    """The configuration of the work tree; the defaults where there is no mlops.yaml and none was named."""
    data = read_limited(root, config_file or CONFIG_FILE)
    if data is None and config_file is not None:
        raise InputError("no such file", location=Location(file=config_file))
    return default_config() if data is None else parse_config(data, file=config_file or CONFIG_FILE)
