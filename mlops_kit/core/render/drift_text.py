"""The drift report for a terminal."""

from collections.abc import Iterator

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
from mlops_kit.core.render.promotion_words import printable, render_table

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
    shown = [row for row in report.columns if row.answer is not DriftAnswer.SKIPPED][:_SHOWN]
    if shown:
        yield ""
        yield from render_table(_HEADER, map(_row, shown))
    if left := tell_left_out(len(shown), report.columns):
        yield f"{left}: {count_answers(report.columns)}"
    if report.notes:
        yield ""
        yield from (printable(note) for note in report.notes)
    if report.drifted:
        yield ""
        yield "the model should be trained again: mlops-kit retrain"


def _row(row: ColumnRow) -> tuple[str, ...]:
    check = deciding_check(row)
    name = printable(f"{row.name} *" if row.important else row.name)
    return (MARKS[row.answer], name, row.kind, show_effect(check), show_chance(check), printable(row.message))
