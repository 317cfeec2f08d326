"""What a merge would cause."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.review.report import Report


def plan_blocks(report: Report) -> Iterator[Block]:
    """A line per change, and per promotion that is held back or could not be judged."""
    plan = report.plan
    if plan is None:
        return
    changes = tuple(
        f"- {change.verb.value} {cell(change.model)}: "
        f"{cell(show_digest(change.source)) if change.source else 'nothing'} → {cell(show_digest(change.target))}"
        for change in plan.changes
    )
    held = tuple(
        f"- ❌ {cell(found.model)} is blocked: {prose(found.reason, limit=MESSAGE_LIMIT)}" for found in plan.blocked
    )
    unknown = tuple(
        f"- ⚠️ {cell(found.model)} could not be judged: {prose(found.reason, limit=MESSAGE_LIMIT)}"
        for found in plan.unknown
    )
    rows = (*held, *unknown, *changes) or ("- nothing: it runs there already",)
    title = f"### A merge into {prose(report.environment)} would"
    yield Block(rank=Rank.PLAN, before=(title, ""), rows=rows, after=("",), more="changes")
