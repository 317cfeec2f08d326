"""What the reports about several data sets say together, and as much of them as crosses to another job."""

from collections.abc import Sequence
from dataclasses import replace

from mlops_kit.core.drift.report import GRAVITY, ColumnRow, DriftReport, gravest
from mlops_kit.core.training.situation import DriftWord

MOST_REPORTS = 20
_COLUMNS = 300
_DRAWN = 50


def join_reports(reports: Sequence[DriftReport], names: Sequence[str]) -> DriftWord:
    """One word for all: the gravest verdict, an alarm where any calls for it. `names` tell each one's data."""
    return DriftWord(
        verdict=gravest(report.verdict for report in reports),
        is_alarm=any(report.drifted for report in reports),
        current="; ".join(names),
        violations=tuple(f"{report.current.name}: {found}" for report in reports for found in report.violations),
    )


def shorten(report: DriftReport) -> DriftReport:
    """The report with its gravest columns, and the drawings of the first of them."""
    columns = sorted(report.columns, key=lambda column: GRAVITY.index(column.answer))[:_COLUMNS]
    return replace(report, columns=tuple(_undrawn(column, place) for place, column in enumerate(columns)))


def _undrawn(column: ColumnRow, place: int) -> ColumnRow:
    return column if place < _DRAWN else replace(column, histogram=None)
