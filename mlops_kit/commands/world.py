"""The outside world of promotion as one value: the ports, and on whose behalf they are used."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mlops_kit.core.config import CONFIG_FILE, Config
from mlops_kit.core.ports import (
    Artifacts,
    Board,
    Clock,
    Deployers,
    Forge,
    Git,
    Mirror,
    PromotionLog,
    Registry,
    Resolver,
)
from mlops_kit.core.promotion.entry import Origin


@dataclass(frozen=True, kw_only=True)
class World:
    """What the verbs of promotion work with.

    `config` names the environments and their branches; what holds inside an environment is read from `config_file`
    at the head of its branch. `registry` is None where the team keeps the log alone. `accept_rewrite` is a person's
    word that a rewritten branch is meant, `hotfix` one why a version must not wait, empty for none. `run_id` is the
    workflow run that this is part of. `open_forge` gives where pull requests are, None where nothing says that;
    `board` shows promotions there, None likewise. `mirror` tells the log to GTO's tools where the team wants that.
    `run_url` is the page of the workflow run that this is part of, `page` that of the repository; each is empty where
    there is none.
    """

    git: Git
    config: Config
    log: PromotionLog
    registry: Registry | None
    artifacts: Artifacts
    deployers: Deployers
    clock: Clock
    resolver: Resolver
    config_file: str = CONFIG_FILE
    origin: Origin = field(default_factory=Origin)
    accept_rewrite: bool = False
    hotfix: str = ""
    run_id: int | None = None
    open_forge: Callable[[], Forge] | None = None
    page: str = ""
    board: Board | None = None
    mirror: Mirror | None = None
    run_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the caller gives besides the repository: files, addresses, and on whose behalf.

    `repository` is `owner/name` on the forge, and `page` the address of its page there; both empty where there is
    none. `tracking_uri` is the registry's address,
    empty for the one in the repository's folder. `actor` is a login, empty to ask git.
    """

    config_file: str | None = None
    tracking_uri: str = ""
    repository: str = ""
    page: str = ""
    actor: str = ""
    pull_request: int | None = None
    accept_rewrite: bool = False
    hotfix: str = ""
    run_id: int | None = None
    run_url: str = ""
