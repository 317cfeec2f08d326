"""Confusion matrices as a Vega-Lite specification: a heat map per side, the numbers in its cells."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from mlops_kit.core.render.escape import drawn
from mlops_kit.core.review.plots import PlotKind, PlotRow, Series

Spec = dict[str, object]
CLASS_LIMIT = 25
"""Classes of the largest matrix that is readable; of more, those with the most rows are drawn."""
MATRIX_LIMIT = 4
_NUMBERED = 12
"""Classes of the largest matrix whose cells have room for numbers."""
_SIDE = 250
_NAME_LIMIT = 40
_DIGITS = re.compile(r"([0-9]{1,15})")


def matrix_spec(plot: PlotRow, *, title: Spec) -> Spec:
    """The matrices of a plot side by side, base before head."""
    shown = sorted(plot.series, key=lambda one: (one.name, one.side))[:MATRIX_LIMIT]
    classes = tuple(_classes(shown, axis) for axis in ("x", "y"))
    subtitle = [f"{CLASS_LIMIT} of {len(found)} classes" for found in map(set, _all(shown)) if len(found) > CLASS_LIMIT]
    share = plot.kind is PlotKind.CONFUSION_NORMALIZED
    return {
        "background": "white",
        "padding": 8,
        "title": {**title, "subtitle": subtitle[:1]},
        "config": _CONFIG,
        "columns": 2,
        "concat": [_matrix(plot, one, classes, share=share) for one in shown],
        "resolve": {"scale": {"color": "shared"}},
        "spacing": 30,
    }


_CONFIG: Spec = {
    "aria": False,
    "font": "Helvetica, Arial, sans-serif",
    "axis": {"labelLimit": 90, "titleLimit": 240, "titleColor": "#333", "labelOverlap": True},
    "view": {"stroke": "#dddddd"},
}


def _all(series: Sequence[Series]) -> tuple[list[str], list[str]]:
    pairs = [pair for one in series for pair in one.pairs]
    return [pair.x for pair in pairs], [pair.y for pair in pairs]


def _classes(series: Sequence[Series], axis: str) -> tuple[str, ...]:
    """The classes of an axis in their order; numbers by their size."""
    rows: Counter[str] = Counter()
    for one in series:
        for pair in one.pairs:
            rows[pair.x if axis == "x" else pair.y] += pair.count
    kept = sorted(rows, key=lambda name: (-rows[name], name))[:CLASS_LIMIT]
    return tuple(sorted(kept, key=_rank))


def _rank(name: str) -> tuple[tuple[bool, float, str], ...]:
    """Numbers in a name count as numbers: `class 2` stands before `class 10`."""
    parts = (part for part in _DIGITS.split(name) if part)
    return tuple((True, float(part), "") if _DIGITS.fullmatch(part) else (False, 0.0, part) for part in parts)


def _matrix(plot: PlotRow, series: Series, classes: tuple[tuple[str, ...], ...], *, share: bool) -> Spec:
    across, down = classes
    name = f"{series.side} {drawn(series.name, limit=_NAME_LIMIT)}".strip()
    rows = list(_cells(series, across, down, share=share))
    encoding = {
        "x": _axis("x", drawn(plot.x, limit=_NAME_LIMIT), across),
        "y": _axis("y", drawn(plot.y, limit=_NAME_LIMIT), down),
    }
    return {
        "title": {"text": name, "fontSize": 12, "limit": _SIDE},
        "data": {"values": rows},
        "width": _SIDE,
        "height": _SIDE,
        "encoding": encoding,
        "layer": [
            {"mark": "rect", "encoding": {"color": _heat(share=share)}},
            *(_numbers(rows, _font_size(across)) if max(len(across), len(down)) <= _NUMBERED else ()),
        ],
    }


def _numbers(rows: Sequence[Spec], size: int) -> Iterator[Spec]:
    """The numbers over the cells, light on dark and dark on light."""
    for ink in sorted({str(row["ink"]) for row in rows}):
        yield {
            "data": {"values": [row for row in rows if row["ink"] == ink]},
            "mark": {"type": "text", "fontSize": size, "color": ink},
            "encoding": {"text": {"field": "text", "type": "nominal"}},
        }


def _axis(field: str, title: str, classes: Sequence[str]) -> Spec:
    labels = [drawn(name, limit=_NAME_LIMIT) for name in classes]
    long = field == "x" and any(len(name) > 40 // max(len(labels), 1) + 2 for name in labels)
    axis = {"labelAngle": -45 if long else 0} if field == "x" else {}
    return {"field": field, "type": "nominal", "sort": labels, "title": title, "axis": axis}


def _heat(*, share: bool) -> Spec:
    scale: Spec = {"scheme": "blues", **({"domain": [0, 1]} if share else {"zero": True})}
    return {"field": "value", "type": "quantitative", "scale": scale, "legend": {"title": None, "gradientLength": 150}}


def _cells(series: Series, across: Sequence[str], down: Sequence[str], *, share: bool) -> Iterator[Spec]:
    counts = {(pair.x, pair.y): pair.count for pair in series.pairs}
    totals: Counter[str] = Counter()
    for pair in series.pairs:
        totals[pair.y] += pair.count
    values = {(x, y): _value(counts.get((x, y), 0), totals[y], share=share) for x in across for y in down}
    most = 1.0 if share else max(values.values(), default=1)
    for (x, y), value in values.items():
        yield {
            "x": drawn(x, limit=_NAME_LIMIT),
            "y": drawn(y, limit=_NAME_LIMIT),
            "value": value,
            "text": f"{value:.2f}" if share else f"{value:,}",
            "ink": "#ffffff" if value > most * 0.55 else "#222222",
        }


def _value(count: int, total: int, *, share: bool) -> float:
    """The count, or its share of all rows with this class on the y axis, as DVC's template has it."""
    return count / total if share and total else count


def _font_size(classes: Sequence[str]) -> int:
    return 13 if len(classes) <= 6 else 10 if len(classes) <= 9 else 8
