"""A team's whole site for real: git, an MLflow server, GitHub's API, a serving target; each write passes a trap."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mlops_kit.adapters.clock import SystemClock
from mlops_kit.adapters.commands import RepositoryCommands
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.github import board, forge, transport
from mlops_kit.adapters.gitops import GitBranches
from mlops_kit.adapters.mlflow.ownership import Ownership
from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.adapters.mlflow.server import Patience
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.adapters.services import LocalServices
from mlops_kit.adapters.storage import PublishedFiles
from mlops_kit.adapters.web import Requests
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.world import World
from mlops_kit.core.ports import Tools
from mlops_kit.core.types import ModelName
from mlops_kit.deployers.catalog import DeployerCatalog
from tests.contract.mlflow_server import running_server
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account
from tests.faults.canary import SECRET
from tests.faults.failpoints import GIT_WRITES, name_github_write, name_mlflow_write
from tests.faults.stage import FileArtifacts, NoResolver, git, git_environment, make_remote
from tests.faults.trap import Trap, TrapProxy
from tests.unit.promotion.scene import Scene, project_files

REPOSITORY = "acme/churn"
_APPLY = """#!/bin/sh
echo "$MLOPS_DIGEST" > "$MLOPS_MODEL.served.new" && mv "$MLOPS_MODEL.served.new" "$MLOPS_MODEL.served"
"""
_STATUS = '#!/bin/sh\ncat "$MLOPS_MODEL.served" 2>/dev/null || true\n'
_QUICK = transport.Patience(timeout=10, tries=3, deadline=30, pause=0.01, longest_pause=0.05, between_writes=0)


@dataclass(frozen=True)
class Town:
    """The servers, for as long as many trials need them."""

    mlflow: TrapProxy
    github: TrapProxy
    fake: FakeGitHub


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """A real MLflow server and the fake GitHub, each behind a proxy with traps."""
    with ExitStack() as stack:
        address = stack.enter_context(running_server(folder))
        fake = FakeGitHub()
        fake.accounts[SECRET] = Account(login="github-actions[bot]")
        stack.enter_context(fake.serve())
        proxies = TrapProxy(address, name_mlflow_write), TrapProxy(fake.url, name_github_write)
        for proxy in proxies:
            stack.enter_context(proxy.serve())
        yield Town(*proxies, fake)


@dataclass(frozen=True)
class Site:
    """One team in the town: a folder with its remote, its clone, its trap and its serving target; one model."""

    folder: Path
    mlflow_url: str
    github_url: str
    model: ModelName

    @property
    def trap(self) -> Trap:
        """The trap that all its writes pass."""
        return Trap(self.folder / "trap")

    @property
    def clone(self) -> Path:
        """Where people and runners work."""
        return self.folder / "work"

    @property
    def config(self) -> str:
        """One environment that is served by two scripts."""
        scripts = {"apply": [str(self.folder / "bin/apply")], "status": [str(self.folder / "bin/status")]}
        deploy = json.dumps({"kind": "command", **scripts})
        return f"version: 1\nenvironments:\n  dev: {{branch: dev, deploy: {deploy}}}\n"

    def push(self, letters: str) -> str:
        """New bytes on the branch; the commit."""
        for path, data in project_files({self.model: letters}, config=self.config).items():
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / path).write_bytes(data)
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "-m", letters)
        git(self.clone, "push", "-q", "origin", "HEAD:refs/heads/dev")
        return git(self.clone, "rev-parse", "HEAD")

    def served(self) -> str:
        """What the target runs."""
        file = self.clone / f"{self.model}.served"
        return file.read_text().strip() if file.exists() else ""


def found_site(town: Town, folder: Path, model: str) -> Site:
    """A new team, whose trap is the one that is armed now."""
    folder.mkdir(parents=True)
    site = Site(folder, town.mlflow.url, town.github.url, ModelName(model))
    (folder / "trap").mkdir()
    make_remote(folder)
    for name, text in {"apply": _APPLY, "status": _STATUS}.items():
        real = folder / "bin" / f"real-{name}"
        real.parent.mkdir(exist_ok=True)
        real.write_text(text)
        real.chmod(0o700)
    site.trap.wrap(folder / "bin/apply", str(folder / "bin/real-apply"), default="deploy.apply")
    shutil.copy(folder / "bin/real-status", folder / "bin/status")
    found = shutil.which("git")
    assert found is not None
    site.trap.wrap(folder / "path/git", found, words=GIT_WRITES, prefix="git.")
    (site.clone / ".git/info/exclude").write_text("*.served*\n")
    town.mlflow.trap = town.github.trap = site.trap
    return site


def site_world(site: Site) -> World:
    """The world of a runner at the site."""
    environment = _environment(site)
    repository = GitRepository(site.clone, environment)
    connect = {"api_url": site.github_url, "token": SECRET, "patience": _QUICK}
    tools = Tools(
        commands=RepositoryCommands(site.clone, environment),
        web=Requests(),
        services=LocalServices(site.folder / "services", site.clone, environment),
        gitops=GitBranches(site.clone, environment, reserved={"dev"}),
        storage=PublishedFiles(site.clone, environment),
        clock=SystemClock(),
    )
    return replace(
        Scene(config=site.config).world,
        git=repository,
        log=GitPromotionLog(repository),
        registry=MlflowRegistry(
            site.mlflow_url,
            site.folder,
            ownership=Ownership(repository=REPOSITORY),
            patience=Patience(pause=0.01, longest_pause=0.05),
        ),
        artifacts=FileArtifacts(site.folder),
        deployers=DeployerCatalog(tools),
        clock=SystemClock(),
        resolver=NoResolver(),
        open_forge=partial(forge.connect, REPOSITORY, **connect),  # type: ignore[arg-type]  # by name
        board=board.connect_board(REPOSITORY, **connect),  # type: ignore[arg-type]  # by name
        run_url="https://ci.test/1",
    )


def run_site(site: Site) -> None:
    """A child's work: one reconcile, which may be killed at the trap."""
    site.trap.enter()
    reconcile(site_world(site))


def _environment(site: Site) -> Mapping[str, str]:
    return {**git_environment(site.clone), "PATH": f"{site.folder / 'path'}:{os.environ['PATH']}"}
