"""What a gate found, as the end of a sentence: `accuracy fell from 0.91 to 0.88, over the allowed drop of 0.005`."""

import re
from collections.abc import Iterable

from mlops_kit.core.render.values import show_value
from mlops_kit.core.review.metrics import MetricRow
from mlops_kit.core.review.report import GateRow, Report
from mlops_kit.core.types import Answer

NAME_LIMIT = 60
_NOISE = r"(?P<noise>, by less than the noise \S+|, but within the noise: .*)?"
_LIMIT = re.compile(rf"(?P<value>\S+) is (?P<words>under the minimum|over the maximum) (?P<limit>\S+?){_NOISE}")
_MOVE = re.compile(
    rf"a (?P<way>drop|rise) of (?P<size>\S+) from (?P<old>\S+) is over the allowed (?P<allowed>\S+?){_NOISE}"
)
_FINE = re.compile(
    r"\S+ is at (least|most) the .*|(a|no) (drop|rise) .* is within the allowed .*|.*: skipped|.* skipped"
)
_WAYS = {"drop": "fell", "rise": "rose"}
_HINTS = {
    Answer.WARN: "this gate only warns",
}


def tell_gate(gate: GateRow, report: Report) -> str:
    """What is wrong by this gate: its metric and what it did; the gate's own message where that is in other words."""
    row = _find_row(gate.metric, report.metrics)
    name = short_name(row.key if row else gate.metric)
    parts = [part for part in gate.message.split("; ") if not _FINE.fullmatch(part)]
    told = [_tell(part, row) for part in parts]
    if gate.answer is Answer.NOT_EVALUABLE:
        return f"{name} cannot be judged: {gate.message}"
    if not told or not all(told):
        return f"{name}: {gate.message}"
    return f"{name} {' and '.join(told)}{f' ({_HINTS[gate.answer]})' if gate.answer in _HINTS else ''}"


def short_name(name: str) -> str:
    """A name short enough for a sentence."""
    return name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"


def join_words(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    known = list(words)
    return " and ".join([", ".join(known[:-1]), known[-1]]) if known[1:] else "".join(known)


def _find_row(metric: str, rows: Iterable[MetricRow]) -> MetricRow | None:
    found = [row for row in rows if metric in {row.key, f"{row.path}:{row.key}"}]
    return found[0] if len(found) == 1 else None


def _tell(part: str, row: MetricRow | None) -> str:
    if found := _LIMIT.fullmatch(part):
        return f"is {found['value']}, {found['words']} {found['limit']}{found['noise'] or ''}"
    if found := _MOVE.fullmatch(part):
        reached = f" to {show_value(row.new)}" if row and row.new is not None else f" by {found['size']}"
        allowed = f"over the allowed {found['way']} of {found['allowed']}{found['noise'] or ''}"
        return f"{_WAYS[found['way']]} from {found['old']}{reached}, {allowed}"
    return ""
