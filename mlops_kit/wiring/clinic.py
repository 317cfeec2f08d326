"""What the doctor looks with, built from the caller's folder, environment and wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.config import CONFIG_FILE, RegistryKind
from mlops_kit.wiring.promotions import open_deployers
from mlops_kit.wiring.repository import load_config, open_work_tree

if TYPE_CHECKING:
    from mlops_kit.adapters.github.settings import GitHubSettings
    from mlops_kit.commands.doctor import Clinic
    from mlops_kit.core.ports.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the caller says; `settings` is None where the forge is not to be asked."""

    config_file: str | None
    tracking_uri: str
    token: str = field(repr=False)
    on_runner: bool
    settings: Settings | None


def open_clinic(git: GitRepository, environment: Mapping[str, str], visit: Visit) -> Clinic:
    """Everything that is looked with; nothing is asked yet."""
    from mlops_kit.adapters.clock import SystemClock
    from mlops_kit.adapters.dvc.remote_stock import RemoteStock
    from mlops_kit.adapters.machine import read_machine, read_runner
    from mlops_kit.commands.doctor import Clinic
    from mlops_kit.commands.validate import validate

    tree = open_work_tree(git)
    return Clinic(
        tree=tree,
        read_config=lambda: load_config(git.root, visit.config_file),
        validate=lambda: validate(
            tree,
            config_file=visit.config_file,
            default_file=CONFIG_FILE,
            open_deployers=partial(open_deployers, git, environment),
        ),
        read_machine=lambda root: read_machine(git, root, environment),
        is_shallow=lambda: git.is_shallow,
        has_branch=lambda branch: git.branch_head(branch) is not None,
        find_missing=RemoteStock(git.root, environment).find_missing,
        ask_registry=lambda: _ask_registry(git, environment, visit),
        installed=lambda module: find_spec(module) is not None,
        now=SystemClock().now,
        runner=read_runner(environment, visit.token) if visit.on_runner else None,
        settings=visit.settings,
    )


def open_settings(repository: str, *, api_url: str, token: str) -> GitHubSettings:
    """The repository's settings on GitHub; the session is opened at the first call."""
    from mlops_kit.adapters.github.settings import connect_settings

    return connect_settings(repository, api_url=api_url, token=token)


def _ask_registry(git: GitRepository, environment: Mapping[str, str], visit: Visit) -> str:
    """A sentence about the registry; empty where the configuration wants none."""
    if load_config(git.root, visit.config_file).registry.kind is RegistryKind.NONE:
        return ""
    from mlops_kit.adapters.mlflow.health import ask_registry

    return ask_registry(visit.tracking_uri, git.root, environment)
