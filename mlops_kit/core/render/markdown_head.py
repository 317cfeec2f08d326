"""The top of the comment: the verdict in one sentence, and what a reader must know before the rest."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.verdict import tell_verdict
from mlops_kit.core.review.lock_return import tell_lock
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report

_POLICY = "This change edits `mlops.yaml`. It is judged by the rules of base; by its own where base has none."
_LOCK = "`dvc.lock` in the work tree is not committed: what is shown is not what would be merged."


def head_blocks(report: Report, occasion: Occasion) -> Iterator[Block]:
    """The verdict, then a banner for each thing that changes how the rest is to be read."""
    sentence = prose(tell_verdict(report, occasion.override), limit=MESSAGE_LIMIT)
    yield Block(rank=Rank.VERDICT, before=(f"### {sentence}", ""), more="the verdict")
    for banner in _banners(report, occasion):
        yield Block(rank=Rank.BANNERS, before=(f"> {banner}", ""), more="warnings")


def _banners(report: Report, occasion: Occasion) -> Iterator[str]:
    current = occasion.current_head
    if current and current != report.head.commit:
        moved = f"the pull request has moved on to {_commit(current)}"
        yield f"⏳ This report is of {_commit(report.head.commit)}; {moved}."
    if occasion.override:
        reason = prose(occasion.override.reason, limit=MESSAGE_LIMIT)
        yield f"✋ {prose(occasion.override.actor)} accepted {_commit(occasion.override.commit)} by hand: {reason}"
    if report.policy_changed:
        yield f"⚠️ {_POLICY}"
    if occasion.lock and (told := tell_lock(occasion.lock)):
        yield f"{'🔒' if occasion.lock.is_committed else '⚠️'} {told}"
    elif report.lock_uncommitted:
        yield f"⚠️ {_LOCK}"


def _commit(commit: str) -> str:
    return cell(commit[:8])
