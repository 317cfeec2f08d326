"""What gets better and worse."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.markdown_table import folded, name_cell, table, value_cell
from mlops_kit.core.render.values import count, show_difference
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.report import Report

_TRENDS = {
    Trend.BETTER: "🟢 better",
    Trend.WORSE: "🔴 worse",
    Trend.SAME: "same",
    Trend.NEW: "new",
    Trend.REMOVED: "removed",
    Trend.CHANGED: "changed",
    Trend.TYPE_CHANGED: "⚠️ type changed",
    Trend.NON_FINITE: "⚠️ not finite",
    Trend.UNREADABLE: "⚠️ unreadable",
}
_HEAD = ("| metric | base | head | change | |", "|:--|--:|--:|--:|:--|")


def metric_blocks(report: Report) -> Iterator[Block]:
    """A row per metric that is not the same."""
    rows = [row for row in report.metrics if row.trend is not Trend.SAME]
    if rows:
        yield table(Rank.METRICS, "### Metrics", _HEAD, _rows(rows, several=_has_several(report)), more="metrics")
    elif report.metrics:
        yield Block(rank=Rank.METRICS, before=("No metric changed.", ""))
    else:
        yield Block(rank=Rank.METRICS, before=("There are no metrics.", ""))


def same_metric_blocks(report: Report) -> Iterator[Block]:
    """The metrics that are the same, folded."""
    rows = [row for row in report.metrics if row.trend is Trend.SAME]
    if rows:
        title = f"{count(rows, 'metric')} did not change"
        yield folded(Rank.SAME_METRICS, title, _HEAD, _rows(rows, several=_has_several(report)))


def _has_several(report: Report) -> bool:
    return len({row.path for row in report.metrics}) > 1


def _rows(rows: Iterable[MetricRow], *, several: bool) -> tuple[str, ...]:
    return tuple(
        f"| {name_cell(row.path, row.key, several=several)} | {value_cell(row.old)} | {value_cell(row.new)} "
        f"| {_arrow(row)}{show_difference(row)} | {_TRENDS[row.trend]} |"
        for row in rows
    )


def _arrow(row: MetricRow) -> str:
    if row.diff is None or row.diff == 0:
        return ""
    return "↑ " if row.diff > 0 else "↓ "
