"""Keeps a report small enough to cross: what changed and what gates speak of stays longest."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.plot_bounds import PLOTS_SIZE_LIMIT, bound_plots
from mlops_kit.core.review.report import Report, report_json
from mlops_kit.core.review.sweep import bound_sweep

SIZE_LIMIT = 900_000
"""Bytes of the largest report that is made; whoever takes one refuses a mebibyte."""
_TABLE_SIZES = (2_000, 500, 100, 20)
_PLOT_BYTES = 200
"""Bytes of plots beside each row of a table, where tables are cut."""
_TABLES = {table: table for table in ("metrics", "params", "stages", "models", "obstacles")} | {"data": "data paths"}
"""The tables of a report that are cut to one size, and what a note calls their rows."""


def bound_report(report: Report, *, limit: int = SIZE_LIMIT) -> Report:
    """The report with so few rows that its JSON has at most `limit` bytes, and a note of what is missing."""
    report = _with_plots(report)
    for cut in _cuts():
        smaller = cut(report)
        if len(report_json(smaller).encode()) <= limit:
            return smaller
    last = _head_of(report, _TABLE_SIZES[-1])
    notes, gates = (_note("most rows"),), report.gates[:20]
    return replace(last, notes=notes, gates=gates, plots=(), plan=None, evaluations=(), sweep=None)


def _with_plots(report: Report, *, limit: int = PLOTS_SIZE_LIMIT) -> Report:
    bound = bound_plots(report.plots, limit=limit)
    return replace(report, plots=bound.rows, notes=(*((bound.note,) if bound.note else ()), *report.notes))


def _cuts() -> Iterator[Callable[[Report], Report]]:
    yield lambda report: report
    yield _without_same
    for size in _TABLE_SIZES:
        yield lambda report, size=size: _head_of(_without_same(report), size)  # type: ignore[misc]


def _without_same(report: Report) -> Report:
    gated = {gate.metric for gate in report.gates}
    kept = tuple(row for row in report.metrics if row.trend is not Trend.SAME or _is_gated(row, gated))
    missing = len(report.metrics) - len(kept)
    note = (_note(f"{missing} metrics that did not change"),) if missing else ()
    return replace(report, metrics=kept, notes=(*note, *report.notes))


def _is_gated(row: MetricRow, gated: set[str]) -> bool:
    return row.key in gated or f"{row.path}:{row.key}" in gated


def _head_of(report: Report, size: int) -> Report:
    report = _with_plots(report, limit=size * _PLOT_BYTES)
    gated = {gate.metric for gate in report.gates}
    metrics = tuple(sorted(report.metrics, key=lambda row: not _is_gated(row, gated)))[:size]
    cut = replace(
        report,
        metrics=tuple(sorted(metrics, key=lambda row: (row.path, row.key))),
        params=report.params[:size],
        stages=report.stages[:size],
        models=report.models[:size],
        sweep=bound_sweep(report.sweep, trials=size) if report.sweep else None,
        obstacles=report.obstacles[:size],
        data=tuple(replace(row, columns=row.columns[:size]) for row in report.data[:size]),
        evaluations=tuple(replace(found, scores=found.scores[:size]) for found in report.evaluations[:size]),
        notes=report.notes[:size],
    )
    lengths = {name: len(getattr(report, table)) - len(getattr(cut, table)) for table, name in _TABLES.items()}
    lengths["columns"] = sum(max(0, len(row.columns) - size) for row in report.data[:size])
    lengths["scores"] = _count_scores(report) - _count_scores(cut)
    lengths["notes"] = len(report.notes) - len(cut.notes)
    lost = [f"{length} {name}" for name, length in lengths.items() if length]
    return replace(cut, notes=(*((_note(", ".join(lost)),) if lost else ()), *cut.notes))


def _count_scores(report: Report) -> int:
    return sum(len(found.scores) for found in report.evaluations)


def _note(what: str) -> str:
    return f"the report was too large: {what} are left out"
