"""Everything that decides about one model in one environment, as one value."""

from dataclasses import dataclass
from datetime import datetime

from mlops_kit.core.promotion.approval import Approval
from mlops_kit.core.promotion.desired import Desired
from mlops_kit.core.promotion.observed import Observed
from mlops_kit.core.promotion.settings import digest_settings
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    EnvironmentName,
    EvidenceKey,
    GateAnswer,
    Model,
    ModelName,
    PromotionKind,
    RecordedOverride,
)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is desired, what is observed, and when.

    `gates` are the answers for the desired version, empty where no gate was asked, `evidence` what they are bound to;
    `override` says who accepted by hand that they refuse. `approval` is None where nobody was asked for it. `hotfix`
    says why order, soak and freeze are skipped, empty where they are not; `pull_request` is what brought the commit,
    where somebody looked. `lost` says that the DVC remote lacks the
    desired bytes, `unanswered` why questions that decide have no answer. `accept_rewrite` says that a person takes
    responsibility for a branch whose history was rewritten, `ahead` that this is planned before it is merged.
    `held_by` says which bundle holds the version back, and why. `now` is time-zone aware.
    """

    model: ModelName
    desired: Desired
    observed: Observed
    now: datetime
    gates: tuple[GateAnswer, ...] = ()
    evidence: EvidenceKey | None = None
    override: RecordedOverride | None = None
    approval: Approval | None = None
    hotfix: str = ""
    pull_request: int | None = None
    lost: bool = False
    unanswered: tuple[str, ...] = ()
    accept_rewrite: bool = False
    ahead: bool = False
    held_by: str = ""

    @property
    def environment(self) -> EnvironmentName:
        """The environment's name."""
        return self.desired.name

    @property
    def wanted(self) -> Model | None:
        """The model as the branch's head has it, where a lock names its bytes."""
        found = self.desired.find(self.model)
        return found.model if found and found.model.digest else None

    @property
    def commit(self) -> CommitSha:
        """The commit at which the desired model's lock, code and metrics are read."""
        found = self.desired.find(self.model)
        return found.commit if found else self.desired.commit

    @property
    def digest(self) -> Digest | None:
        """The digest that the branch's head asks for; None where it asks for nothing."""
        return self.wanted.digest if self.wanted else None


def promotion_kind(situation: Situation) -> PromotionKind | None:
    """Why a new record is wanted; None where the log already ends with what is desired."""
    live, digest = situation.observed.live, situation.digest
    if digest is None:
        return None
    if live is not None and live.digest == digest:
        return PromotionKind.REDEPLOY if _is_to_redeploy(situation) else None
    if any(record.digest == digest for record in situation.observed.records):
        return PromotionKind.ROLLBACK
    if situation.hotfix:
        return PromotionKind.HOTFIX
    return PromotionKind.PROMOTE if live else PromotionKind.BOOTSTRAP


def has_new_settings(situation: Situation) -> bool:
    """Whether the environment's `deploy:` is another than the live version was deployed with, as far as is known."""
    live, environment = situation.observed.live, situation.desired.environment
    if live is None or not live.settings or environment.deploy is None:
        return False
    return live.settings != digest_settings(environment)


def _is_to_redeploy(situation: Situation) -> bool:
    """Whether the live version is recorded anew: a person answers for a rewritten branch, or it is served otherwise."""
    accepted = situation.observed.rewritten and situation.accept_rewrite
    return accepted or has_new_settings(situation)
