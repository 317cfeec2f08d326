"""The plots that changed, as GitHub markdown: a picture where there is one, else a chart, and always their numbers."""

import re
from collections.abc import Iterable, Iterator, Mapping

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, picture, prose
from mlops_kit.core.render.markdown_table import value_cell
from mlops_kit.core.render.plot_lines import left_out, line_texts
from mlops_kit.core.render.sparkline import heights
from mlops_kit.core.render.values import show_value
from mlops_kit.core.render.xychart import render_chart
from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.pictures import picture_key
from mlops_kit.core.review.plot_points import MATRICES
from mlops_kit.core.review.plots import PlotKind, PlotRow, Series, SideName
from mlops_kit.core.review.report import Report

CHART_LIMIT = 8
"""Mermaid charts of one comment: each is drawn in the reader's browser."""
ROW_LIMIT = 30
_ADDRESS = re.compile(r"https?://[^\s()<>\"'`\\]+")
_LINE_HEAD = ("| line | points | first | last | lowest | highest |", "|:--|--:|--:|--:|--:|--:|")


def plot_blocks(report: Report, pictures: Mapping[str, str]) -> Iterator[Block]:
    """A block per plot that changed, and one for the number of those that did not.

    `pictures` has addresses by a plot's path; that of an image's base side stands under `PATH@base`.
    """
    changed = [plot for plot in report.plots if plot.change]
    if changed:
        yield Block(rank=Rank.PLOTS, before=("#### Plots", ""), more="plots")
    charts = 0
    for plot in changed:
        shown = list(_picture(plot, pictures))
        if not shown and charts < CHART_LIMIT:
            shown = list(_chart(plot))
            charts += bool(shown)
        yield _block(plot, shown, drawn=bool(_addresses(plot, pictures)))
    if same := len(report.plots) - len(changed):
        text = "1 plot did not change." if same == 1 else f"{same} plots did not change."
        yield Block(rank=Rank.SAME_METRICS, before=(text, ""), more="plots")


def _block(plot: PlotRow, shown: list[str], *, drawn: bool) -> Block:
    head, rows = _table(plot)
    title = f"**{prose(plot.title)}** ({plot.change})"
    path = "" if plot.title == plot.path else f" {cell(plot.path)}"
    note = (prose(plot.note, limit=MESSAGE_LIMIT), "") if plot.note else ()
    before = (f"{title}{path}", "", *shown, *(() if drawn else _sparklines(plot)), *note)
    if not rows:
        return Block(rank=Rank.PLOTS, before=before, more="plots")
    folded = ("<details><summary>Numbers</summary>", "", *head)
    return Block(
        rank=Rank.PLOTS, before=(*before, *folded), rows=rows, after=("", "</details>", ""), more="numbers of plots"
    )


def _addresses(plot: PlotRow, pictures: Mapping[str, str]) -> dict[str, str]:
    """The pictures of a plot by side; a drawing shows both under head."""
    sides: tuple[SideName, SideName] = ("base", "head")
    found = {side: pictures.get(picture_key(plot.path, side), "") for side in sides}
    return {side: address for side, address in found.items() if _ADDRESS.fullmatch(address)}


def _picture(plot: PlotRow, pictures: Mapping[str, str]) -> Iterator[str]:
    found = _addresses(plot, pictures)
    if plot.kind is not PlotKind.IMAGE:
        yield from (line for address in found.values() for line in (picture(plot.title, address), ""))
    elif found:
        images = [picture(f"{plot.title}, {side}", address) for side, address in found.items()]
        yield from (f"| {' | '.join(found)} |", f"|{':--|' * len(found)}", f"| {' | '.join(images)} |", "")


def _chart(plot: PlotRow) -> Iterator[str]:
    chart = render_chart(plot)
    if chart.text:
        order = ", ".join(f"{number}. {cell(name)}" for number, name in enumerate(chart.lines, 1))
        part = f"; from {show_value(chart.part[0])} to {show_value(chart.part[1])}" if chart.part else ""
        yield from ("```mermaid", chart.text, "```", "", f"<sub>Lines in their order: {order}{part}</sub>", "")


def _sparklines(plot: PlotRow) -> Iterator[str]:
    texts = line_texts(plot)
    for number, text in enumerate(texts):
        bars = f"<code>{text.bars}</code> " if text.bars else ""
        end = "<br>" if number < len(texts) - 1 else ""
        yield f"{bars}{cell(text.label)} {prose(text.ends)}{end}"
    if more := left_out(plot):
        yield f"<br>{more}"
    if texts:
        yield ""


def _table(plot: PlotRow) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers of a plot: of lines and clouds what they span, of bars and matrices base beside head."""
    if plot.kind in MATRICES:
        counts = ((one, (pair.y, pair.x), pair.count) for one in plot.series for pair in one.pairs)
        return (f"| {prose(plot.y)} | {prose(plot.x)} | base | head |", "|:--|:--|--:|--:|"), _beside(counts)
    if plot.kind is PlotKind.BAR:
        bars = ((one, (str(y),), x) for one in plot.series for x, y in one.points)
        return (f"| {prose(plot.y)} | base | head |", "|:--|--:|--:|"), _beside(bars)
    return _LINE_HEAD, tuple(_spans(plot))


def _beside(values: Iterable[tuple[Series, tuple[str, ...], Cell]]) -> tuple[str, ...]:
    """A row per name with base's and head's value, those that differ first."""
    found: dict[tuple[str, ...], dict[str, Cell]] = {}
    for series, name, value in values:
        key = (f"{series.name}: {name[0]}", *name[1:]) if series.name else name
        found.setdefault(key, {})[series.side] = value
    ordered = sorted(found.items(), key=lambda row: row[1].get("base") == row[1].get("head"))[:ROW_LIMIT]
    return tuple(
        f"| {' | '.join(map(cell, name))} | {value_cell(sides.get('base'))} | {value_cell(sides.get('head'))} |"
        for name, sides in ordered
    )


def _spans(plot: PlotRow) -> Iterator[str]:
    for one in plot.series:
        ys = heights(one)
        if ys:
            numbers: Iterable[float] = (ys[0], ys[-1], min(ys), max(ys))
            cells = " | ".join(show_value(value) for value in numbers)
            yield f"| {cell(f'{one.side} {one.name}'.strip())} | {len(one.points):,} | {cells} |"
