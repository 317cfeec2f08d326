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
    from mlops_kit.core.ports import Board, Forge, PromotionLog, Registry
    from mlops_kit.core.ports.drafts import Drafts
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
    board: Board | None = None,
) -> World:
    """Everything that promotion works with; `open_forge` and `board` where there is a forge at hand."""
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
        board=board,
        run_url=wishes.run_url,
    )


def open_board(repository: str, *, api_url: str, token: str) -> Board:
    """The forge's page of environments; it is reached at the first call."""
    from mlops_kit.adapters.github.board import connect_board

    return connect_board(repository, api_url=api_url, token=token)


def open_drafts(git: GitRepository, environment: Mapping[str, str]) -> Drafts:
    """What makes commits and branches that are proposed; git gets the same credentials as elsewhere."""
    from mlops_kit.adapters.drafts import GitDrafts
    from mlops_kit.adapters.git_credentials import with_credentials

    return GitDrafts(git, with_credentials(environment))


def open_registry(config: Config, root: Path, wishes: Wishes) -> Registry | None:
    """The registry that the configuration names; None where the team keeps the log alone."""
    from mlops_kit.adapters.mlflow.registry import MlflowRegistry

    match config.registry.kind:
        case RegistryKind.MLFLOW:
            return MlflowRegistry(wishes.tracking_uri, root, repository=wishes.repository)
        case RegistryKind.NONE:
            return None


def move_alias(root: Path, model: ModelName, alias: EnvironmentName, number: str) -> None:
    """Point an alias of the repository's own registry at a version as a hand does: nothing is noted about it."""
    from mlops_kit.adapters.mlflow.session import MlflowSession
    from mlops_kit.core.promotion.names import spell_for_registry

    session = MlflowSession("", root)
    with session.calling(f"set the alias {alias} of {model}"):
        session.client.set_registered_model_alias(spell_for_registry(model), alias, number)
