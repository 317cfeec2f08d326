"""What the gates say: those that do not pass with their reasons, the others folded."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.markdown_table import folded, table
from mlops_kit.core.render.values import count
from mlops_kit.core.review.report import GateRow, Report
from mlops_kit.core.types import Answer

_ANSWERS = {
    Answer.FAIL: "❌ fail",
    Answer.NOT_EVALUABLE: "❌ not evaluable",
    Answer.INCONCLUSIVE: "⚠️ inconclusive",
    Answer.WARN: "⚠️ warn",
    Answer.PASS: "✅ pass",
}
_HEAD = ("| | gate | why |", "|:--|:--|:--|")


def gate_blocks(report: Report) -> Iterator[Block]:
    """The gates that do not pass, the worst first."""
    rows = _rows(gate for gate in report.gates if gate.answer is not Answer.PASS)
    if rows:
        yield table(Rank.GATES, "#### Gates that do not pass", _HEAD, rows, more="gates")


def passing_gate_blocks(report: Report) -> Iterator[Block]:
    """The gates that pass, folded."""
    rows = _rows(gate for gate in report.gates if gate.answer is Answer.PASS)
    if rows:
        title = f"✅ {count(rows, 'gate')} pass{'es' if len(rows) == 1 else ''}"
        yield folded(Rank.PASSING_GATES, title, _HEAD, rows, more="passing gates")


def _rows(gates: Iterable[GateRow]) -> tuple[str, ...]:
    order = list(_ANSWERS)
    return tuple(
        f"| {_ANSWERS[gate.answer]} | {cell(gate.rule)} | {prose(gate.message, limit=MESSAGE_LIMIT)} |"
        for gate in sorted(gates, key=lambda gate: order.index(gate.answer))
    )
