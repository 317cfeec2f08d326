"""The top of the comment: the verdict, what is compared, and what a reader must know first."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import cell, prose
from mlops_kit.core.render.values import count
from mlops_kit.core.review.changes import failed_stages
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.occasion import Occasion
from mlops_kit.core.review.report import Report, Side

_TITLES = {
    Verdict.PASS: "✅ {}: all gates pass",
    Verdict.WARN: "⚠️ {}: worth a look",
    Verdict.FAIL: "❌ {}: gates refuse this version",
}
_NO_GATES = "✅ {}: no gates are set"
_FAILED = "❌ {}: {} failed, so what is below is not what this change would give"


def head_blocks(report: Report, occasion: Occasion) -> Iterator[Block]:
    """The title, base and head, and warnings about the report as a whole."""
    del occasion
    lines = [
        f"## {_title(report).format(prose(report.environment))}",
        "",
        f"{_side(report.base)} → {_side(report.head)}",
        "",
    ]
    if report.policy_changed:
        lines += ["> ⚠️ This change edits the rules it is judged by. The rules of base hold until it is merged.", ""]
    if report.lock_uncommitted:
        lines += ["> ⚠️ dvc.lock in the work tree is not committed: what is shown is not what would be merged.", ""]
    yield Block(rank=Rank.VERDICT, before=tuple(lines))


def _title(report: Report) -> str:
    if failed := failed_stages(report.stages):
        return _FAILED.format("{}", count(failed, "stage"))
    return _TITLES[report.verdict] if report.gates or report.verdict is not Verdict.PASS else _NO_GATES


def _side(side: Side) -> str:
    commit = f" ({cell(side.commit[:8])})" if side.commit else ""
    return f"{cell(side.name)}{commit}"
