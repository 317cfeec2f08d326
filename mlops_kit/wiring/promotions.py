"""The log, the registry, and the world that promotion works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.config import CONFIG_FILE, Config, RegistryKind
from mlops_kit.wiring.repository import load_config

if TYPE_CHECKING:
    from mlops_kit.commands.world import Wishes, World
    from mlops_kit.core.ports import Forge, PromotionLog, Registry
    from mlops_kit.core.types import EnvironmentName, ModelName


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
        registry=open_registry(config, git.root, wishes, environment),
        artifacts=DvcArtifacts(git),
        deployers=DeployerCatalog(RepositoryCommands(git.root, stage_environment(environment))),
        clock=SystemClock(),
        resolver=DvcResolver(git.root, environment),
        config_file=wishes.config_file or CONFIG_FILE,
        origin=Origin(actor=wishes.actor or git.call("config", "user.name").text, pull_request=wishes.pull_request),
        accept_rewrite=wishes.accept_rewrite,
        open_forge=open_forge,
        page=wishes.page,
    )


def open_registry(config: Config, root: Path, wishes: Wishes, variables: Mapping[str, str]) -> Registry | None:
    """The registry that the configuration names; None where the team keeps the log alone.

    `variables` are the environment's: they say who calls a server.
    """
    from mlops_kit.adapters.mlflow.ownership import Ownership
    from mlops_kit.adapters.mlflow.registry import MlflowRegistry

    match config.registry.kind:
        case RegistryKind.MLFLOW:
            ownership = Ownership(repository=wishes.repository, prefix=config.registry.prefix)
            return MlflowRegistry(wishes.tracking_uri, root, variables, ownership=ownership)
        case RegistryKind.NONE:
            return None


def move_alias(root: Path, model: ModelName, alias: EnvironmentName, number: str) -> None:
    """Point an alias of the repository's own registry at a version as a hand does: nothing is noted about it."""
    from mlops_kit.adapters.mlflow.session import MlflowSession
    from mlops_kit.core.promotion.names import spell_for_registry

    session = MlflowSession("", root)
    with session.calling(f"set the alias {alias} of {model}"):
        session.client.set_registered_model_alias(spell_for_registry(model), alias, number)
