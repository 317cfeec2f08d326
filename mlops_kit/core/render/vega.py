"""Plots as Vega-Lite specifications: base in grey and dashed, head over it in colour.

A specification is a value of our own making: names and labels from a repository stand in it as data under fixed
fields (x, y, side, series), never as a field's name, an expression or an address.
"""

from collections.abc import Iterator, Mapping, Sequence

from mlops_kit.core.errors import InputError
from mlops_kit.core.render.escape import CELL_LIMIT, drawn
from mlops_kit.core.render.vega_matrix import matrix_spec
from mlops_kit.core.review.plot_points import MATRICES
from mlops_kit.core.review.plots import PlotKind, PlotRow, Series, SideName
from mlops_kit.core.review.plotting import thin_points

Spec = dict[str, object]
WIDTH, HEIGHT = 640, 320
TITLE_LIMIT = 90
LABEL_LIMIT = 60
NAME_LIMIT = 40
BAR_LIMIT = 30
"""Classes of the longest bar chart that is still readable."""
GREY, BLUE = "#8a8a8a", "#0072b2"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#6a3d9a", "#000000", "#a6761d", "#999999")
"""Okabe and Ito's palette (jfly.uni-koeln.de/color), told apart without red and green; its yellow is darkened."""
_DASHES: Mapping[SideName, object] = {"base": [6, 4], "head": [1, 0]}
_SMOOTH_LEAST = 8
"""Points below which a smooth line says nothing more than the line itself."""
_DOTS_MOST = 40
_ROOM = 70
"""Characters that stand side by side below the x axis."""
_JITTER = 0.618034
"""The golden ratio's fraction spreads numbers evenly (Weyl's sequence), the same each time."""


def plot_spec(plot: PlotRow, *, most_points: int) -> Spec:
    """The specification of a plot, with at most so many points per series; InputError for what is no drawing."""
    if plot.kind is PlotKind.IMAGE or not plot.series:
        raise InputError(f"the plot {drawn(plot.path, limit=CELL_LIMIT)} has no points to draw")
    if plot.kind in MATRICES:
        return matrix_spec(plot, title=_title(plot))
    series = [_thinned(one, plot.kind, most_points) for one in plot.series]
    if plot.kind is PlotKind.BAR:
        return _framed(plot, _bars(plot, series), height=_bar_height(series))
    draw = _cloud if plot.kind is PlotKind.SCATTER else _lines
    return _framed(plot, {"layer": list(draw(plot, series))}, height=HEIGHT)


def _thinned(series: Series, kind: PlotKind, most: int) -> Series:
    points = tuple((x, y) for x, y in series.points if _is_drawn(x) and _is_drawn(y))
    return Series(side=series.side, name=series.name, points=thin_points(points, kind, most))  # type: ignore[arg-type]


def _is_drawn(cell: object) -> bool:
    return isinstance(cell, int | float | str) and not isinstance(cell, bool)


def _framed(plot: PlotRow, body: Spec, *, height: int) -> Spec:
    return {
        "background": "white",
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 8,
        "title": _title(plot),
        "config": CONFIG,
        **body,
    }


CONFIG: Spec = {
    "aria": False,
    "font": "Helvetica, Arial, sans-serif",
    "axis": {
        "labelLimit": 140,
        "labelOverlap": True,
        "labelSeparation": 6,
        "titleLimit": 400,
        "titleColor": "#333",
        "gridColor": "#e8e8e8",
    },
    "legend": {"labelLimit": 260, "titleLimit": 220, "symbolSize": 120, "symbolStrokeWidth": 2},
    "view": {"stroke": "#dddddd"},
}


def _title(plot: PlotRow) -> Spec:
    return {"text": drawn(plot.title, limit=TITLE_LIMIT), "anchor": "start", "limit": WIDTH - 40, "fontSize": 14}


def _lines(plot: PlotRow, series: Sequence[Series]) -> Iterator[Spec]:
    """A line per series; smooth ones over faint points."""
    smooth = (
        plot.kind is PlotKind.SMOOTH
        and all(len(one.points) >= _SMOOTH_LEAST for one in series)
        and _all_numbers(series)
    )
    dots = sum(len(one.points) for one in series) <= _DOTS_MOST
    for _, rows in _sides(series):
        encoding = {
            **_axes(plot, series),
            **_colours(series, strokes=True),
            "strokeDash": _by_side(series, _DASHES, strokes=True),
            "detail": _DETAIL,
        }
        if smooth:
            yield _faint(plot, series, rows)
        loess = [{"loess": "y", "on": "x", "groupby": ["series", "side"], "bandwidth": 0.3}] if smooth else []
        yield {
            "data": {"values": rows},
            "transform": loess,
            "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 30} if dots else False},
            "encoding": encoding,
        }


_DETAIL: Spec = {"field": "series", "type": "nominal"}


def _faint(plot: PlotRow, series: Sequence[Series], rows: list[Spec]) -> Spec:
    return {
        "data": {"values": rows},
        "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.3},
        "encoding": {**_axes(plot, series), **_colours(series, strokes=True), "detail": _DETAIL},
    }


def _cloud(plot: PlotRow, series: Sequence[Series]) -> Iterator[Spec]:
    """A mark per point: base's hollow squares, head's filled circles."""
    for side, rows in _sides(series):
        mark = {"type": "point", "size": 36, "filled": side == "head", "opacity": 0.65}
        shape = _by_side(series, {"base": "square", "head": "circle"})
        encoding = {**_axes(plot, series), **_colours(series), "shape": shape, **_offset(series)}
        yield {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _offset(series: Sequence[Series]) -> Spec:
    """Where x names classes, points of a class stand side by side and not on one another."""
    return {} if _is_numeric(series, 0) else {"xOffset": {"field": "jitter", "type": "quantitative"}}


def _bars(plot: PlotRow, series: Sequence[Series]) -> Spec:
    """Two bars per class, base above head; those of further series in further rows."""
    rows = [row for _, rows in _sides(series) for row in rows]
    kept = list(dict.fromkeys(str(row["y"]) for row in sorted(rows, key=lambda row: row["side"] == "base")))[:BAR_LIMIT]
    axes = _axes(plot, series)
    length = {"field": "x", "type": "quantitative", "title": _label(plot.x)}
    classes = {"field": "y", "type": "nominal", "sort": kept, "title": _label(plot.y), "axis": {"labelLimit": 200}}
    return {
        "data": {"values": [row for row in rows if row["y"] in kept]},
        "mark": {"type": "bar"},
        "encoding": {**axes, "x": length, "y": classes, **_colours(series), "yOffset": _bar_offset(series)},
    }


def _bar_offset(series: Sequence[Series]) -> Spec:
    order = [f"{one.side} {_name(one)}" for one in sorted(series, key=lambda one: (one.name, one.side))]
    return {"field": "bar", "type": "nominal", "sort": order}


def _bar_height(series: Sequence[Series]) -> int:
    classes = min(len({y for one in series for _, y in one.points}), BAR_LIMIT)
    return max(HEIGHT, 80 + 9 * classes * len(series))


def _sides(series: Sequence[Series]) -> Iterator[tuple[SideName, list[Spec]]]:
    """The rows of base, then those of head, so that head is drawn over base."""
    sides: tuple[SideName, ...] = ("base", "head")
    for side in sides:
        rows = [row for one in series if one.side == side for row in _rows(one)]
        if rows:
            yield side, rows


def _rows(series: Series) -> Iterator[Spec]:
    name = _name(series)
    for number, (x, y) in enumerate(series.points):
        yield {
            "x": drawn(x, limit=LABEL_LIMIT) if isinstance(x, str) else x,
            "y": drawn(y, limit=LABEL_LIMIT) if isinstance(y, str) else y,
            "side": series.side,
            "series": name,
            "bar": f"{series.side} {name}",
            "jitter": number * _JITTER % 1,
        }


def _name(series: Series) -> str:
    """A series' name without its middle where it is long: what tells lines apart stands at the ends."""
    name = drawn(series.name, limit=CELL_LIMIT)
    return name if len(name) <= NAME_LIMIT else f"{name[:12]}…{name[13 - NAME_LIMIT :]}"


def _names(series: Sequence[Series]) -> list[str]:
    return list(dict.fromkeys(_name(one) for one in series))


def _axes(plot: PlotRow, series: Sequence[Series]) -> Spec:
    return {"x": _axis("x", plot.x, series), "y": _axis("y", plot.y, series)}


def _axis(field: str, name: str, series: Sequence[Series]) -> Spec:
    place = ("x", "y").index(field)
    shown: Spec = {"field": field, "title": _label(name)}
    if _is_numeric(series, place):
        axis = {"tickCount": 10, "labelFlush": False} if field == "x" else {}
        return {**shown, "type": "quantitative", "scale": {"zero": False}, "axis": axis}
    labels = {str(point[place]) for one in series for point in one.points}
    axis = {"labelLimit": 110, "labelAngle": -35 if sum(map(len, labels)) > _ROOM else 0} if field == "x" else {}
    return {**shown, "type": "nominal", "sort": None, "axis": axis}


def _colours(series: Sequence[Series], *, strokes: bool = False) -> Spec:
    """Grey and blue for base and head; where there are several series, a colour each."""
    names = _names(series)
    if len(names) > 1:
        scale = {"domain": names, "range": [COLOURS[number % len(COLOURS)] for number in range(len(names))]}
        return {
            "color": {"field": "series", "type": "nominal", "scale": scale, "legend": _legend(series, strokes=strokes)}
        }
    return {"color": _by_side(series, {"base": GREY, "head": BLUE}, strokes=strokes)}


def _by_side(series: Sequence[Series], values: Mapping[SideName, object], *, strokes: bool = False) -> Spec:
    """What tells base and head apart, of those that are there."""
    there = {one.side for one in series}
    shown = {side: value for side, value in values.items() if side in there}
    scale = {"domain": list(shown), "range": list(shown.values())}
    return {"field": "side", "type": "nominal", "scale": scale, "legend": _legend(series, strokes=strokes)}


def _legend(series: Sequence[Series], *, strokes: bool) -> Spec:
    several = len(_names(series)) > 1
    symbols = {"symbolType": "stroke", "symbolSize": 300} if strokes else {}
    return {"title": None, "orient": "right" if several else "top", "symbolOpacity": 1, **symbols}


def _label(name: str) -> str:
    return drawn(name, limit=LABEL_LIMIT)


def _is_numeric(series: Sequence[Series], axis: int) -> bool:
    return not any(isinstance(point[axis], str) for one in series for point in one.points)


def _all_numbers(series: Sequence[Series]) -> bool:
    return _is_numeric(series, 0) and _is_numeric(series, 1)
