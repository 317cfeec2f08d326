"""A team's repository as promotion meets it: a bare remote, a clone, real merges; all else in memory."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.commands.plan import plan_environments
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.status import read_status
from mlops_kit.commands.world import World
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.promotion.status import ModelStatus
from mlops_kit.core.types import Blocked, EnvironmentName, ModelName, Plan, PromotionRecord
from tests.faults.stage import clone_remote, git, git_environment, make_remote
from tests.unit.promotion.scene import CHURN, DEV, THREE, Scene, digest_of, project_files


@dataclass
class Team:
    """People with a clone each push to one remote; a runner with a clone of its own reconciles."""

    folder: Path
    scene: Scene = field(default_factory=lambda: Scene(config=THREE))

    def __post_init__(self) -> None:
        self.work = make_remote(self.folder)
        self.commit("main", churn="")
        self.runner = clone_remote(self.folder, "runner")

    @property
    def world(self) -> World:
        """The scene's world over the runner's clone: only git and the log are real."""
        repository = GitRepository(self.runner, git_environment(self.runner))
        return replace(self.scene.world, git=repository, log=GitPromotionLog(repository))

    def git(self, *words: str) -> str:
        """Run git where people work."""
        return git(self.work, *words)

    def commit(self, branch: str, *, metrics: object = None, note: str = "", **models: str) -> str:
        """Commit these models' bytes to a branch, which begins where people are, and push it."""
        if branch in self.git("branch", "--format=%(refname:short)").split():
            self.git("checkout", "-q", branch)
        else:
            self.git("checkout", "-q", "-b", branch)
        files = project_files(models, metrics=metrics, config=self.scene.config) if models else {}
        for path, data in {**files, "README.md": note.encode()}.items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_bytes(data)
        self.git("add", "-f", *files, "README.md")
        self.git("commit", "-q", "--allow-empty", "-m", f"{branch} {sorted(models.items())}")
        self.push(branch)
        return self.git("rev-parse", "HEAD")

    def push(self, *branches: str, force: bool = False) -> None:
        """Push branches as they are."""
        self.git("push", "-q", *(["--force"] if force else []), "origin", *branches)

    def merge(self, source: str, into: str, *how: str) -> None:
        """Merge one branch into another and push; `how` are words for git merge."""
        self.git("checkout", "-q", into)
        self.git("merge", "-q", "-X", "theirs", *how, source)
        if "--squash" in how:
            self.git("commit", "-q", "--allow-empty", "-m", f"{source} squashed")
        self.push(into)

    def reconcile(self, *names: str) -> tuple[Outcome, ...]:
        """What a runner does."""
        self.scene.clock.advance(timedelta(minutes=1))
        return reconcile(self.world, names)

    def plan(self, *names: str, revision: str | None = None) -> Plan:
        """What a pull request is told."""
        return plan_environments(self.world, names, revision=revision)

    def blocked(self, *names: str) -> tuple[Blocked, ...]:
        """What a reconcile holds back."""
        return tuple(found for outcome in self.reconcile(*names) for found in outcome.blocked)

    def state(self, environment: EnvironmentName = DEV, model: ModelName = CHURN) -> ModelStatus:
        """The status of one model."""
        return read_status(self.world).environments[environment].models[model]

    def records(self, environment: EnvironmentName = DEV, model: ModelName = CHURN) -> tuple[PromotionRecord, ...]:
        """The log of one model in one environment, as the remote has it."""
        self.world.git.fetch()
        found = self.world.log.read_records()
        return tuple(one for one in found if (one.environment, one.model) == (environment, model))

    def story(self, environment: EnvironmentName = DEV) -> str:
        """The log of churn in one line: `1 bootstrap a, 2 promote b`."""
        names = {digest_of(letter): letter for letter in "abcdefghijklmnopqrstuvwxyz"}
        return ", ".join(f"{one.seq} {one.kind} {names[one.digest]}" for one in self.records(environment))

    def versions(self, letter: str) -> int:
        """How many versions the registry has of these bytes."""
        return self.scene.registry.count_versions(CHURN, digest_of(letter))
