"""The next entry of the log, from a situation that the policy let pass."""

from dataclasses import dataclass

from mlops_kit.core.errors import RefusedError
from mlops_kit.core.promotion.log import SEQ_LIMIT
from mlops_kit.core.promotion.settings import digest_settings
from mlops_kit.core.promotion.situation import Situation, promotion_kind
from mlops_kit.core.types import PromotionKind, PromotionRecord


@dataclass(frozen=True, kw_only=True)
class Origin:
    """On whose behalf a record is written: a login, and the pull request where one is known."""

    actor: str = ""
    pull_request: int | None = None


def next_record(situation: Situation, *, sha256: str, origin: Origin) -> PromotionRecord:
    """The record that lets the desired version in; `sha256` is the hash of its tree.

    RefusedError where nothing is desired or the log is full.
    """
    kind, wanted, live = promotion_kind(situation), situation.wanted, situation.observed.live
    seq = live.seq + 1 if live else 1
    if kind is None or wanted is None or wanted.digest is None or seq > SEQ_LIMIT:
        raise RefusedError(f"{situation.model} has nothing to record in {situation.environment}")
    return PromotionRecord(
        model=situation.model,
        environment=situation.environment,
        seq=seq,
        digest=wanted.digest,
        sha256=sha256,
        recipe=wanted.recipe,
        previous=live.digest if live else None,
        kind=kind,
        commit=situation.commit,
        pull_request=origin.pull_request or _pull_request(situation),
        actor=origin.actor,
        gates=situation.gates,
        override=situation.override,
        evidence=situation.evidence,
        approvals=situation.approval.people if situation.approval else (),
        reason=situation.hotfix if kind is PromotionKind.HOTFIX else "",
        settings=digest_settings(situation.desired.environment),
        recorded_at=situation.now,
    )


def _pull_request(situation: Situation) -> int | None:
    """The pull request that somebody looked at on the way."""
    return situation.override.pull_request if situation.override else situation.pull_request
