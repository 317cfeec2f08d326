"""What gets better and worse: the metrics of base, of what is live, and of head."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import figure
from mlops_kit.core.render.markdown_comparability import paths_of
from mlops_kit.core.render.markdown_table import folded, name_cell, table, value_cell
from mlops_kit.core.render.values import count, show_difference
from mlops_kit.core.render.verdict import is_first
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.report import Report

_TRENDS = {
    Trend.WORSE: "🔴 worse",
    Trend.UNREADABLE: "⚠️ unreadable",
    Trend.NON_FINITE: "⚠️ not finite",
    Trend.TYPE_CHANGED: "⚠️ type changed",
    Trend.REMOVED: "removed",
    Trend.BETTER: "🟢 better",
    Trend.CHANGED: "changed",
    Trend.NEW: "new",
    Trend.SAME: "same",
}
"""The worst news first: so are the rows."""
_JUDGED = frozenset({Trend.BETTER, Trend.WORSE})
_ASSUMED = "¹ direction assumed from the name; `mlops.yaml` can say which is better"
_OTHERWISE = "² not measured in the same way as in base, see above"


@dataclass(frozen=True, kw_only=True)
class _Look:
    """Which columns and marks the tables of one report have."""

    several: bool
    live: bool
    first: bool
    otherwise: frozenset[str]


def metric_blocks(report: Report) -> Iterator[Block]:
    """A row per metric that is not the same in all columns, the worst first, and what the marks in it mean."""
    look = _look(report)
    order = list(_TRENDS)
    rows = [row for row in report.metrics if not _is_same(row)]
    if rows:
        lines = _lines(sorted(rows, key=lambda row: order.index(row.trend)), look)
        yield table(Rank.METRICS, "#### Metrics", _head(look), lines, more="metrics")
        yield from _footnotes(rows, look)
    elif not report.metrics:
        yield Block(rank=Rank.METRICS, before=("There are no metrics.", ""), more="metrics")


def same_metric_blocks(report: Report) -> Iterator[Block]:
    """The metrics that are the same, folded."""
    rows = [row for row in report.metrics if _is_same(row)]
    if rows:
        look = _look(report)
        title = f"{count(rows, 'metric')} did not change"
        yield folded(Rank.SAME_METRICS, title, _head(look), _lines(rows, look), more="unchanged metrics")


def _is_same(row: MetricRow) -> bool:
    return row.trend is Trend.SAME and (row.live is None or row.live == row.new)


def _look(report: Report) -> _Look:
    return _Look(
        several=len({row.path for row in report.metrics}) > 1,
        live=report.live is not None,
        first=is_first(report) and report.live is None,
        otherwise=paths_of(report.obstacles),
    )


def _head(look: _Look) -> tuple[str, str]:
    if look.first:
        return "| metric | head |", "|:--|--:|"
    live, rule = (" live |", "--:|") if look.live else ("", "")
    return f"| metric | base |{live} head | change | |", f"|:--|--:|{rule}--:|--:|:--|"


def _lines(rows: Iterable[MetricRow], look: _Look) -> tuple[str, ...]:
    return tuple(f"| {' | '.join(_cells(row, look))} |" for row in rows)


def _cells(row: MetricRow, look: _Look) -> Iterator[str]:
    yield name_cell(row.path, row.key, several=look.several)
    if look.first:
        yield value_cell(row.new)
        return
    yield value_cell(row.old)
    if look.live:
        yield value_cell(row.live)
    yield value_cell(row.new)
    yield figure(show_difference(row))
    yield f"{_TRENDS[row.trend]}{_marks(row, look)}"


def _marks(row: MetricRow, look: _Look) -> str:
    assumed = " ¹" if _is_assumed(row) else ""
    return f"{assumed} ²" if row.path in look.otherwise and row.trend is not Trend.SAME else assumed


def _is_assumed(row: MetricRow) -> bool:
    return row.assumed and row.trend in _JUDGED


def _footnotes(rows: list[MetricRow], look: _Look) -> Iterator[Block]:
    notes = (
        *([_ASSUMED] if any(_is_assumed(row) for row in rows) else []),
        *([_OTHERWISE] if any(row.path in look.otherwise for row in rows) else []),
    )
    if notes and not look.first:
        yield Block(rank=Rank.METRICS, before=(f"<sub>{'<br>'.join(notes)}</sub>", ""), more="footnotes")
