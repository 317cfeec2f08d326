"""A repository with environments, and everything around it, in memory: the stage on which promotion is tested."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import md5

from mlops_kit.commands.facts import read_project
from mlops_kit.commands.plan import plan_environments
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.status import read_status
from mlops_kit.commands.world import World
from mlops_kit.core.config import parse_config
from mlops_kit.core.ports import Mirror
from mlops_kit.core.promotion.entry import Origin
from mlops_kit.core.promotion.environment_lock import LockedModel, environment_lock_text
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.promotion.status import ModelStatus
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    EnvironmentName,
    ModelName,
    Plan,
    PromotionRecord,
    ResolvedValues,
)
from mlops_kit.testing.artifacts import MemoryArtifacts
from mlops_kit.testing.board import MemoryBoard
from mlops_kit.testing.clock import ManualClock
from mlops_kit.testing.deployer import MemoryDeployers
from mlops_kit.testing.forge import MemoryForge
from mlops_kit.testing.git import MemoryGit
from mlops_kit.testing.log import MemoryLog
from mlops_kit.testing.registry import MemoryRegistry

CHURN = ModelName("churn")
DEV, STAGING, PRODUCTION = (EnvironmentName(name) for name in ("dev", "staging", "production"))
THREE = """
version: 1
environments:
  dev: {branch: dev}
  staging: {branch: staging, after: dev}
  production: {branch: production, after: staging}
"""
PATH = """
version: 1
promotion: {reader: path}
environments:
  dev: {}
  staging: {after: dev}
"""
ONE = "version: 1\nenvironments:\n  dev: {branch: dev}\n"


class NoResolver:
    """The Resolver port where nothing needs DVC."""

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        raise AssertionError(f"DVC was asked about {root} at {commit}")


def digest_of(letters: str) -> Digest:
    """A whole digest for a short name."""
    return Digest(algorithm="md5", value=md5(letters.encode(), usedforsecurity=False).hexdigest())


def project_files(models: dict[str, str], *, metrics: object = None, config: str = THREE) -> dict[str, bytes]:
    """The files of a commit: a stage per model, whose out's digest is `digest_of` the given letters."""
    stages = {f"train-{name}": {"cmd": f"train {name}", "outs": [f"models/{name}.bin"]} for name in models}
    definition: dict[str, object] = {
        "stages": stages,
        "artifacts": {name: {"path": f"models/{name}.bin", "type": "model"} for name in models},
        "metrics": ["metrics.json"],
    }
    lock = {
        "schema": "2.0",
        "stages": {
            f"train-{name}": {
                "cmd": f"train {name}",
                "outs": [{"path": f"models/{name}.bin", "hash": "md5", "md5": digest_of(letters).value, "size": 3}],
            }
            for name, letters in models.items()
            if letters
        },
    }
    return {
        ".dvc/config": b"",
        "mlops.yaml": config.encode(),
        "dvc.yaml": json.dumps(definition).encode(),
        "dvc.lock": json.dumps(lock).encode(),
        "metrics.json": json.dumps(metrics if metrics is not None else {"accuracy": 0.9}).encode(),
    }


@dataclass
class Scene:
    """One world, and what people do in it."""

    config: str = THREE
    git: MemoryGit = field(default_factory=MemoryGit)
    log: MemoryLog = field(default_factory=MemoryLog)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    artifacts: MemoryArtifacts = field(default_factory=MemoryArtifacts)
    deployers: MemoryDeployers = field(default_factory=MemoryDeployers)
    clock: ManualClock = field(default_factory=ManualClock)
    mirror: Mirror | None = None
    board: MemoryBoard | None = None
    forge: MemoryForge | None = None

    @property
    def world(self) -> World:
        return World(
            git=self.git,
            config=parse_config(self.config.encode(), file="mlops.yaml"),
            log=self.log,
            registry=self.registry,
            artifacts=self.artifacts,
            deployers=self.deployers,
            clock=self.clock,
            resolver=NoResolver(),
            origin=Origin(actor="ada"),
            mirror=self.mirror,
            open_forge=self._open_forge if self.forge else None,
            board=self.board,
            run_url="https://ci.test/1",
        )

    def _open_forge(self) -> MemoryForge:
        assert self.forge is not None
        return self.forge

    @property
    def writes(self) -> int:
        """How often anything was changed."""
        return self.log.writes + self.registry.writes + self.deployers.target.writes

    def push(self, *branches: str, metrics: object = None, **models: str) -> CommitSha:
        """A commit with these models on each branch; the last one's name."""
        files = project_files(models, metrics=metrics, config=self.config)
        return [self.git.commit(branch, files) for branch in branches][-1]

    def name(self, environment: str, branch: str = "main", **commits: CommitSha) -> CommitSha:
        """A commit whose file for the environment names each model as it is at its commit."""
        head = self.git.branches[branch]
        locked = [self._locked(ModelName(model), commit) for model, commit in commits.items()]
        files = dict(self.git.read_files(head, self.git.list_files(head)))
        files[f"environments/{environment}.lock.json"] = environment_lock_text(locked).encode()
        return self.git.commit(branch, files)

    def _locked(self, model: ModelName, commit: CommitSha) -> LockedModel:
        found = next(one for one in read_project(self.git, commit).models if one.name == model)
        assert found.digest is not None
        return LockedModel(name=model, digest=found.digest, commit=commit)

    def reconcile(self, *names: str) -> tuple[Outcome, ...]:
        self.clock.advance(timedelta(seconds=1))
        return reconcile(self.world, names)

    def accept_rewrite(self, *names: str) -> tuple[Outcome, ...]:
        return reconcile(replace(self.world, accept_rewrite=True), names)

    def plan(self, *names: str, revision: str | None = None) -> Plan:
        return plan_environments(self.world, names, revision=revision)

    def state(self, environment: EnvironmentName = DEV, model: ModelName = CHURN) -> ModelStatus:
        return read_status(self.world).environments[environment].models[model]

    def records(self, environment: EnvironmentName = DEV, model: ModelName = CHURN) -> list[PromotionRecord]:
        return [r for r in self.log.read_records() if (r.environment, r.model) == (environment, model)]

    def story(self, environment: EnvironmentName = DEV) -> str:
        """The log of churn in one line: `1 bootstrap a, 2 promote b`."""
        names = {digest_of(letter): letter for letter in "abcdefghijklmnopqrstuvwxyz"}
        return ", ".join(f"{r.seq} {r.kind} {names[r.digest]}" for r in self.records(environment))

    def verbs(self, outcomes: tuple[Outcome, ...]) -> list[str]:
        return [f"{change.environment} {change.verb}" for outcome in outcomes for change in outcome.done]
