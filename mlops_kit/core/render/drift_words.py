"""Words and numbers that all texts about drift share."""

from collections.abc import Sequence

from mlops_kit.core.drift.report import CheckRow, ColumnRow, DriftAnswer, DriftReport
from mlops_kit.core.render.values import count

MARKS = {
    DriftAnswer.OK: "✓",
    DriftAnswer.WARN: "!",
    DriftAnswer.FAIL: "✗",
    DriftAnswer.INCONCLUSIVE: "?",
    DriftAnswer.SKIPPED: "·",
}
_NONE = "-"


def tell_verdict(report: DriftReport) -> str:
    """The answer and its sentence."""
    return f"{report.verdict}: {report.message}"


def tell_sides(report: DriftReport) -> str:
    """What was compared with what."""
    new, old = report.current, report.reference
    return f"{new.name} ({_rows(new.rows)}) against {old.name} ({_rows(old.rows)})"


def deciding_check(row: ColumnRow) -> CheckRow | None:
    """The check that a column's answer comes from; the first one where several say the same."""
    return next((check for check in row.checks if check.answer is row.answer), None)


def show_effect(check: CheckRow | None) -> str:
    """The effect in the unit of its statistic."""
    return _NONE if check is None or check.effect is None else f"{check.effect:.3g}"


def show_chance(check: CheckRow | None) -> str:
    """The corrected p-value."""
    if check is None or check.p_value is None:
        return _NONE
    return "<0.0001" if check.p_value < 0.0001 else f"{check.p_value:.2g}"


def count_answers(rows: Sequence[ColumnRow]) -> str:
    """How many columns have each answer, worst first."""
    numbers = {answer: sum(row.answer is answer for row in rows) for answer in DriftAnswer}
    return ", ".join(f"{number} {answer}" for answer, number in numbers.items() if number) or "no columns"


def _rows(number: int) -> str:
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def tell_left_out(shown: int, rows: Sequence[object]) -> str:
    """How many rows of a table are not shown; empty where all are."""
    left = len(rows) - shown
    return f"and {left:,} more of {count(rows, 'column')}" if left > 0 else ""
