"""The worlds that faults are played in: made anew in each process from what lies on disk."""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_kit.adapters.clock import SystemClock
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.mlflow.registry import MlflowRegistry
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.promotion.outcome import Outcome, worst_code
from mlops_kit.core.types import CommitSha, Digest, Model, ResolvedValues
from mlops_kit.testing.artifacts import MemoryArtifacts, MemoryFiles
from tests.faults.durable import Durable
from tests.unit.promotion.scene import THREE, Scene, project_files

CONFIG = THREE.replace("branch: dev}", "branch: dev, deploy: {kind: memory}}").replace(
    "production, after: staging", "production, after: staging, deploy: {kind: memory}"
)
BRANCHES = ("dev", "staging", "production")
Pushes = tuple[tuple[tuple[str, ...], str], ...]
"""Who pushed what: branches, and the letter of the model's bytes."""


def durable_world(durable: Durable, pushes: Pushes) -> World:
    """A world whose git is made from the pushes, and whose all else lies in the durable file."""
    scene = Scene(config=CONFIG)
    for branches, letter in pushes:
        scene.push(*branches, churn=letter)
    return replace(scene.world, log=durable, registry=durable, deployers=durable, clock=SystemClock())


def reconcile_durable(durable: Durable, pushes: Pushes) -> None:
    """A child's work: one reconcile."""
    reconcile(durable_world(durable, pushes))


class NoResolver:
    """The Resolver port where nothing needs DVC."""

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        raise AssertionError(f"DVC was asked about {root} at {commit}")


def clone_world(clone: Path, durable: Durable) -> World:
    """A world over a real clone with its remote; registry and serving target lie in the durable file."""
    git = GitRepository(clone, git_environment(clone))
    return replace(
        Scene(config=CONFIG).world,
        git=git,
        log=GitPromotionLog(git),
        registry=durable,
        deployers=durable,
        artifacts=MemoryArtifacts(),
        clock=SystemClock(),
        resolver=NoResolver(),
    )


def reconcile_clone(clone: Path, durable: Durable) -> None:
    """A child's work: one reconcile of a clone; losing a race is fine, breaking is not."""
    outcomes = reconcile(clone_world(clone, durable))
    assert worst_code(outcome.code for outcome in outcomes) in {ExitCode.DONE, ExitCode.REFUSED}, outcomes


@dataclass(frozen=True)
class FileArtifacts:
    """The Artifacts port over files that are made up as they are asked for."""

    folder: Path

    def find_missing(self, models: Iterable[Model]) -> frozenset[Digest]:  # noqa: ARG002 - all is there
        return frozenset()

    def fetch_model(self, model: Model, commit: CommitSha) -> ModelFiles:
        assert model.digest is not None, commit
        data = str(model.digest).encode() * 1000
        path = self.folder / f"{model.digest.value}.{os.getpid()}"
        path.write_bytes(data)
        return MemoryFiles(files={"churn.bin": path}, sha256=hashlib.sha256(data).hexdigest())


def mlflow_world(clone: Path, database: str) -> World:
    """A world over a real clone and a real MLflow, without serving targets."""
    git = GitRepository(clone, git_environment(clone))
    return replace(
        Scene(config=THREE).world,
        git=git,
        log=GitPromotionLog(git),
        registry=MlflowRegistry(database, clone.parent),
        artifacts=FileArtifacts(clone.parent),
        clock=SystemClock(),
        resolver=NoResolver(),
    )


def reconcile_mlflow(clone: Path, database: str) -> None:
    """A child's work: one reconcile against MLflow."""
    reconcile(mlflow_world(clone, database))


def assert_done(outcomes: tuple[Outcome, ...]) -> None:
    assert worst_code(outcome.code for outcome in outcomes) in {ExitCode.DONE, ExitCode.REFUSED}, outcomes


def make_remote(folder: Path) -> Path:
    """A bare remote, and a clone of it at `folder/work`."""
    git(folder, "init", "-q", "--bare", "-b", "main", "origin.git")
    return clone_remote(folder, "work")


def clone_remote(folder: Path, name: str) -> Path:
    git(folder, "clone", "-q", "origin.git", name)
    return folder / name


def push(clone: Path, branches: tuple[str, ...], letter: str, *, config: str = CONFIG) -> None:
    """A commit on each branch with these bytes of the model."""
    for path, data in project_files({"churn": letter}, config=config).items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_bytes(data)
    git(clone, "add", "-f", *project_files({}))
    git(clone, "commit", "-q", "--allow-empty", "-m", letter)
    git(clone, "push", "-q", "origin", *(f"HEAD:refs/heads/{branch}" for branch in branches))


def git(folder: Path, *words: str) -> str:
    settings = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "advice.detachedHead=false")
    done = subprocess.run(
        ["git", *settings, *words], cwd=folder, env=git_environment(folder), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def git_environment(home: Path) -> Mapping[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
