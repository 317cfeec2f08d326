"""Everything that decides about one model in one environment, as one value."""

from dataclasses import dataclass
from datetime import datetime

from mlops_kit.core.promotion.desired import Desired
from mlops_kit.core.promotion.observed import Observed
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    EnvironmentName,
    GateAnswer,
    Model,
    ModelName,
    PromotionKind,
    RecordedOverride,
)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is desired, what is observed, and when.

    `gates` are the answers for the desired version, empty where no gate was asked; `override` says who accepted by hand
    that they refuse. `accept_rewrite` says that a
    person takes responsibility for a branch whose history was rewritten. `held_by` says which bundle holds the version
    back, and why. `now` is time-zone aware.
    """

    model: ModelName
    desired: Desired
    observed: Observed
    now: datetime
    gates: tuple[GateAnswer, ...] = ()
    override: RecordedOverride | None = None
    accept_rewrite: bool = False
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
    if live is None:
        return PromotionKind.BOOTSTRAP
    if live.digest == digest:
        accepted = situation.observed.rewritten and situation.accept_rewrite
        return PromotionKind.REDEPLOY if accepted else None
    known = any(record.digest == digest for record in situation.observed.records)
    return PromotionKind.ROLLBACK if known else PromotionKind.PROMOTE
