"""A scene with a forge: pull requests that people open, label, review and merge."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from mlops_kit.commands.plan import plan_environments
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.status import read_status
from mlops_kit.commands.world import World
from mlops_kit.core.forge import Permission, PersonReview, PullRequest, ReviewState
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.promotion.status import ModelStatus
from mlops_kit.core.types import CommitSha, EnvironmentName, Plan
from mlops_kit.testing.forge import MemoryForge
from tests.unit.promotion.scene import CHURN, DEV, Scene

HEAD, OLDER = CommitSha("a" * 40), CommitSha("b" * 40)


@dataclass
class Team:
    """A scene, its forge, and what a run of the kit is told."""

    scene: Scene
    forge: MemoryForge | None = field(default_factory=MemoryForge)
    hotfix: str = ""
    run_id: int | None = None

    @property
    def world(self) -> World:
        forge = self.forge
        opener = (lambda: forge) if forge else None
        return replace(self.scene.world, open_forge=opener, hotfix=self.hotfix, run_id=self.run_id)

    def merge(
        self, branch: str, letter: str, *, number: int = 12, labels: tuple[str, ...] = (), author: str = "ada"
    ) -> CommitSha:
        """A pull request that brings these bytes to the branch."""
        commit = self.scene.push(branch, churn=letter)
        if self.forge:
            self.forge.pull_requests[number] = PullRequest(
                number=number, head=HEAD, base=OLDER, head_branch="feature", base_branch=branch, is_fork=False,
                is_open=False, is_merged=True, labels=labels, author=author,
            )  # fmt: skip
            self.forge.comments[number] = []
            self.forge.merged[commit] = number
        return commit

    def review(
        self,
        login: str,
        state: ReviewState = ReviewState.APPROVED,
        *,
        number: int = 12,
        commit: CommitSha = HEAD,
        permission: Permission = Permission.WRITE,
    ) -> None:
        """A review by somebody with this permission."""
        assert self.forge
        self.forge.permissions[login] = permission
        self.forge.reviews.setdefault(number, []).append(PersonReview(author=login, state=state, commit=commit))

    def reconcile(self, *names: str) -> tuple[Outcome, ...]:
        self.scene.clock.advance(timedelta(seconds=1))
        return reconcile(self.world, names)

    def plan(self, *names: str, revision: str | None = None) -> Plan:
        return plan_environments(self.world, names, revision=revision)

    def state(self, environment: EnvironmentName = DEV) -> ModelStatus:
        return read_status(self.world).environments[environment].models[CHURN]


def reason_of(outcomes: tuple[Outcome, ...]) -> str:
    """Why the only blocked promotion is blocked."""
    (blocked,) = (blocked for outcome in outcomes for blocked in outcome.blocked)
    return blocked.reason
