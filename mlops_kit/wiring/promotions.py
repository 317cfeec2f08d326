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
    from mlops_kit.core.ports import Board, Deployers, Forge, Locks, PromotionLog, Registry, Tools
    from mlops_kit.core.ports.drafts import Drafts
    from mlops_kit.core.types import EnvironmentName, ModelName


def open_log(git: GitRepository) -> PromotionLog:
    """The promotion log of a repository."""
    from mlops_kit.adapters.promotion_log import GitPromotionLog

    return GitPromotionLog(git)


def open_locks(git: GitRepository) -> Locks:
    """What the locks of a repository ever said."""
    from mlops_kit.adapters.lock_history import LockHistory

    return LockHistory(git)


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
    from mlops_kit.adapters.dvc.artifacts import DvcArtifacts
    from mlops_kit.adapters.dvc.resolver import DvcResolver
    from mlops_kit.adapters.gto_mirror import GtoMirror
    from mlops_kit.commands.world import World
    from mlops_kit.core.promotion.entry import Origin

    config = load_config(git.root, wishes.config_file)
    return World(
        git=git,
        config=config,
        log=open_log(git),
        mirror=GtoMirror(git) if config.log.gto else None,
        registry=open_registry(config, git.root, wishes, environment),
        artifacts=DvcArtifacts(git, environment),
        deployers=open_deployers(git, environment, config),
        clock=SystemClock(),
        resolver=DvcResolver(git.root, environment),
        config_file=wishes.config_file or CONFIG_FILE,
        origin=Origin(actor=wishes.actor or git.user_name, pull_request=wishes.pull_request),
        accept_rewrite=wishes.accept_rewrite,
        hotfix=wishes.hotfix,
        run_id=wishes.run_id,
        open_forge=open_forge,
        page=wishes.page,
        board=board,
        run_url=wishes.run_url,
    )


def open_deployers(git: GitRepository, environment: Mapping[str, str], config: Config) -> Deployers:
    """The kinds of deployers, each opened when it is asked for."""
    from mlops_kit.deployers.catalog import DeployerCatalog

    return DeployerCatalog(open_tools(git.root, environment, config))


def open_tools(root: Path, environment: Mapping[str, str], config: Config) -> Tools:
    """What deployers may use; services are remembered in the user's own folder, which a new checkout leaves alone."""
    from mlops_kit.adapters.clock import SystemClock
    from mlops_kit.adapters.commands import RepositoryCommands
    from mlops_kit.adapters.git_credentials import with_credentials
    from mlops_kit.adapters.gitops import GitBranches
    from mlops_kit.adapters.services import LocalServices
    from mlops_kit.adapters.storage import PublishedFiles
    from mlops_kit.adapters.web import Requests
    from mlops_kit.core.ports import Tools
    from mlops_kit.engines.shell import stage_environment

    variables = stage_environment(environment)
    home = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME", "~"), ".local", "state"))
    folder = Path(home, "mlops-kit", "serving", root.name).expanduser()
    followed = {one.branch for one in config.environments.values()}
    return Tools(
        commands=RepositoryCommands(root, variables),
        web=Requests(),
        services=LocalServices(folder, root, variables),
        gitops=GitBranches(root, with_credentials(environment), reserved=followed),
        storage=PublishedFiles(root, variables),
        clock=SystemClock(),
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
