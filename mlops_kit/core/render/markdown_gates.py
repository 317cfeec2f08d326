"""The gates' answers, the worst first."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import cell, prose
from mlops_kit.core.render.markdown_table import table
from mlops_kit.core.review.report import Report
from mlops_kit.core.types import Answer

_ANSWERS = {
    Answer.FAIL: "❌ fail",
    Answer.NOT_EVALUABLE: "❌ not evaluable",
    Answer.INCONCLUSIVE: "⚠️ inconclusive",
    Answer.WARN: "⚠️ warn",
    Answer.PASS: "✅ pass",
}


def gate_blocks(report: Report) -> Iterator[Block]:
    """A row per answer."""
    order = list(_ANSWERS)
    rows = tuple(
        f"| {_ANSWERS[gate.answer]} | {cell(gate.rule)} | {prose(gate.message)} |"
        for gate in sorted(report.gates, key=lambda gate: order.index(gate.answer))
    )
    if rows:
        yield table(Rank.GATES, "### Gates", ("| answer | gate | why |", "|:--|:--|:--|"), rows, more="gates")
