"""What a hotfix owes: the environments that it skipped must come to hold it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlops_kit.core.promotion.observed import Observed
from mlops_kit.core.promotion.obstacles import find_obstacle
from mlops_kit.core.promotion.situation import Situation, promotion_kind
from mlops_kit.core.types import Digest, EnvironmentName, PromotionKind


@dataclass(frozen=True, kw_only=True)
class Debt:
    """A hotfix and the environments before its own that never held its bytes, nearest first.

    `seq` is the number of its record, `reason` why it did not wait.
    """

    digest: Digest
    seq: int
    reason: str
    skipped: tuple[EnvironmentName, ...]

    def __str__(self) -> str:
        """`debt: md5:… skipped staging, dev (hotfix #7: why); merge it there`."""
        why = f": {self.reason}" if self.reason else ""
        return f"debt: {self.digest} skipped {', '.join(self.skipped)} (hotfix #{self.seq}{why}); merge it there"


def find_debt(situation: Situation) -> Debt | None:
    """The open debt of the hotfix that is live, or enters now.

    None where what is live went the whole way, or all before it hold it by now.
    """
    hotfix = _entering(situation) or _live_hotfix(situation.observed)
    if hotfix is None:
        return None
    holders = {record.environment for record in situation.observed.everywhere if record.digest == hotfix.digest}
    skipped = tuple(name for name in _before(situation) if name not in holders)
    return replace(hotfix, skipped=skipped) if skipped else None


def _entering(situation: Situation) -> Debt | None:
    """What enters now without having waited."""
    live, digest = situation.observed.live, situation.digest
    if digest is None or promotion_kind(situation) is not PromotionKind.HOTFIX or find_obstacle(situation):
        return None
    return Debt(digest=digest, seq=live.seq + 1 if live else 1, reason=situation.hotfix, skipped=())


def _live_hotfix(observed: Observed) -> Debt | None:
    """What is live and entered first without having waited."""
    hotfixes = [record for record in observed.records if record.kind is PromotionKind.HOTFIX]
    made = [record for record in hotfixes if observed.live and record.digest == observed.live.digest]
    return Debt(digest=made[-1].digest, seq=made[-1].seq, reason=made[-1].reason, skipped=()) if made else None


def _before(situation: Situation) -> Iterator[EnvironmentName]:
    """The environments that a version goes through on its way here, the nearest first."""
    environments = situation.desired.config.environments
    name = situation.desired.environment.after
    while name is not None:
        yield name
        name = environments[name].after
