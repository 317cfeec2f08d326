"""The lines of a plot in words: how each begins and ends, and its shape as a sparkline; for markdown and terminals."""

from collections.abc import Iterator
from dataclasses import dataclass

from mlops_kit.core.render.sparkline import heights, sparkline
from mlops_kit.core.render.values import show_value
from mlops_kit.core.render.xychart import LINES
from mlops_kit.core.review.plots import PlotRow, Series

NAME_LIMIT = 3
"""Lines of one plot that are shown as text, each for base and head."""


@dataclass(frozen=True, kw_only=True)
class LineText:
    """One line of one side. `bars` is empty where its points are no line."""

    label: str
    bars: str
    ends: str


def line_texts(plot: PlotRow) -> tuple[LineText, ...]:
    """The first lines of a plot, base before head, bars of one name on one scale."""
    names = list(dict.fromkeys(one.name for one in plot.series))[:NAME_LIMIT]
    return tuple(text for name in names for text in _texts(plot, name))


def left_out(plot: PlotRow) -> str:
    """How many names of lines are not among the texts, as words; empty where all are."""
    more = len({one.name for one in plot.series}) - NAME_LIMIT
    if more <= 0:
        return ""
    return "and 1 more line" if more == 1 else f"and {more} more lines"


def _texts(plot: PlotRow, name: str) -> Iterator[LineText]:
    lines = [(one, heights(one)) for one in plot.series if one.name == name]
    every = [y for _, ys in lines for y in ys]
    for one, ys in lines:
        is_line = plot.kind in LINES and bool(ys)
        bars = sparkline(ys, low=min(every), high=max(every)) if is_line else ""
        ends = f"{show_value(ys[0])} → {show_value(ys[-1])}" if is_line else _amount(one)
        yield LineText(label=f"{one.side} {one.name}".strip(), bars=bars, ends=ends)


def _amount(series: Series) -> str:
    if series.pairs:
        return f"{sum(pair.count for pair in series.pairs):,} rows in {len(series.pairs):,} pairs of classes"
    return f"{len(series.points):,} points"
