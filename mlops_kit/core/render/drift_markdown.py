"""The drift report as GitHub markdown: for the body of a pull request, an issue, or a job's summary."""

from collections.abc import Iterator, Sequence

from mlops_kit.core.drift.report import ColumnRow, DriftAnswer, DriftReport
from mlops_kit.core.render.drift_words import (
    MARKS,
    count_answers,
    deciding_check,
    show_chance,
    show_effect,
    tell_left_out,
    tell_sides,
    tell_verdict,
)
from mlops_kit.core.render.escape import cell, figure, prose

_HEADER = "| | column | kind | effect | p | what |\n|---|---|---|---:|---:|---|"
_BARS = "▁▂▃▄▅▆▇█"
_ALARMS = (DriftAnswer.FAIL, DriftAnswer.WARN)


def render_drift_markdown(report: DriftReport, *, title: str = "Data drift", shown: int = 50) -> str:
    """The answer, what is not valid, the columns that changed, and the others folded away.

    Each of these lists has at most `shown` lines, the worst first, and says how many it leaves out.
    """
    return "\n".join(_lines(report, title, shown)) + "\n"


def _lines(report: DriftReport, title: str, shown: int) -> Iterator[str]:
    yield f"### {MARKS[report.verdict]} {title}: {report.verdict}"
    yield ""
    yield prose(tell_verdict(report).partition(": ")[2], limit=1000)
    yield ""
    yield f"{prose(tell_sides(report), limit=1000)}. {count_answers(report.columns)}."
    if report.violations:
        yield ""
        yield "**Not valid:**"
        yield ""
        yield from (f"- {prose(str(one), limit=1000)}" for one in report.violations[:shown])
    alarmed = [row for row in report.columns if row.answer in _ALARMS]
    yield from _table(alarmed, shown)
    yield from _folded([row for row in report.columns if row.answer not in _ALARMS], shown)
    if report.notes:
        yield ""
        yield from (f"- {prose(note, limit=1000)}" for note in report.notes)


def _table(rows: Sequence[ColumnRow], shown: int) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield _HEADER
    yield from map(_row, rows[:shown])
    if left := tell_left_out(shown, rows):
        yield ""
        yield left


def _folded(rows: Sequence[ColumnRow], shown: int) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"<details><summary>{count_answers(rows)}</summary>"
    yield from _table(rows, shown)
    yield ""
    yield "</details>"


def _row(row: ColumnRow) -> str:
    check = deciding_check(row)
    name = f"{cell(row.name)}{' **important**' if row.important else ''}"
    what = " ".join(part for part in (prose(row.message, limit=300), _bars(row)) if part)
    figures = (figure(show_effect(check)), figure(show_chance(check)).replace("<0", "&lt;0"))
    return f"| {MARKS[row.answer]} {row.answer} | {name} | {row.kind} | {figures[0]} | {figures[1]} | {what} |"


def _bars(row: ColumnRow) -> str:
    """The two histograms of a column that changed, old above new, in block characters."""
    if row.histogram is None or row.answer not in _ALARMS:
        return ""
    sides = (row.histogram.reference, row.histogram.current)
    highest = max((float(share) for side in sides for share in side), default=0) or 1
    old, new = ("".join(_BARS[min(7, int(8 * float(share) / highest))] for share in side) for side in sides)
    return f"<br><code>{old}</code> before<br><code>{new}</code> now"
