"""The drift report for a terminal."""

from collections.abc import Iterator

from mlops_kit.core.drift.report import ColumnRow, DriftAnswer, DriftReport
from mlops_kit.core.render.drift_words import (
    MARKS,
    deciding_check,
    show_chance,
    show_effect,
    tell_left_out,
    tell_sides,
    tell_verdict,
)
from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.promotion_words import printable, render_table

_NAMES = 300
"""Characters of the names of columns that did not change."""
_SHOWN = 200
"""Columns in the table; the worst come first."""
_HEADER = ("", "column", "kind", "effect", "p", "what")


def render_drift_text(report: DriftReport) -> str:
    """The answer, what is not valid, and a line for each column, worst first."""
    return "\n".join(_lines(report))


def _lines(report: DriftReport) -> Iterator[str]:
    yield printable(tell_verdict(report))
    yield printable(tell_sides(report))
    if report.violations:
        yield ""
        yield from (f"  ✗ {printable(str(one))}" for one in report.violations[:_SHOWN])
    shown = [row for row in report.columns if row.answer not in (DriftAnswer.OK, DriftAnswer.SKIPPED)]
    if shown:
        yield ""
        yield from render_table(_HEADER, map(_row, shown[:_SHOWN]))
        if left := tell_left_out(_SHOWN, shown):
            yield left
    yield from _others(report)
    if report.notes:
        yield ""
        yield from (printable(note) for note in report.notes)
    if report.drifted:
        yield ""
        yield "the model should be trained again: mlops-kit retrain"


def _others(report: DriftReport) -> Iterator[str]:
    """The columns that need no line of their own, by name."""
    for answer in (DriftAnswer.OK, DriftAnswer.SKIPPED):
        names = [row.name for row in report.columns if row.answer is answer]
        if names:
            yield ""
            yield f"{len(names)} {answer}: {clean(', '.join(names), limit=_NAMES)}"


def _row(row: ColumnRow) -> tuple[str, ...]:
    check = deciding_check(row)
    name = printable(f"{row.name} *" if row.important else row.name)
    return (MARKS[row.answer], name, row.kind, show_effect(check), show_chance(check), printable(row.message))
