"""Keeps the plots of a report small: fewer points for all, before any plot is left out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from mlops_kit.core.review.plots import PlotRow, Series
from mlops_kit.core.review.plotting import thin_points

PLOTS_SIZE_LIMIT = 400_000
"""Bytes of report.json that plots may take."""
_POINT_BYTES = 60
"""Bytes of a point with two digits, each part on a line of its own."""
_POINTS = (500, 250, 120, 60, 30, 12)
_ROWS = TypeAdapter(tuple[PlotRow, ...])


@dataclass(frozen=True, kw_only=True)
class BoundPlots:
    """Plots that fit, and a note of what is missing; empty where nothing is."""

    rows: tuple[PlotRow, ...]
    note: str = ""


def bound_plots(rows: tuple[PlotRow, ...], *, limit: int = PLOTS_SIZE_LIMIT) -> BoundPlots:
    """The plots with so few points that their JSON has at most `limit` bytes; then without those that are the same."""
    for points, smaller in _thinner(rows):
        if _least_size(smaller) <= limit and _size(smaller) <= limit:
            note = f"plots were too large: at most {points} points of each line are kept" if points else ""
            return BoundPlots(rows=smaller, note=note)
    changed = [replace(row, series=(), note=row.note or "too large") for row in rows if row.change]
    while changed and _size(tuple(changed)) > limit:
        del changed[len(changed) // 2 :]
    return BoundPlots(rows=tuple(changed), note=f"plots were too large: {len(rows) - len(changed)} are left out")


def _thinner(rows: tuple[PlotRow, ...]) -> Iterator[tuple[int, tuple[PlotRow, ...]]]:
    yield 0, rows
    for points in _POINTS:
        yield points, tuple(replace(row, series=tuple(_thin(row, one, points) for one in row.series)) for row in rows)


def _thin(row: PlotRow, series: Series, points: int) -> Series:
    most = sorted(series.pairs, key=lambda pair: -pair.count)[:points]
    kept = thin_points(series.points, row.kind, points)  # type: ignore[arg-type]
    return replace(series, points=kept, pairs=tuple(sorted(most, key=lambda pair: (pair.x, pair.y))))


def _least_size(rows: tuple[PlotRow, ...]) -> int:
    """Bytes that the rows take at least, known without writing them."""
    return sum(_POINT_BYTES * (len(one.points) + len(one.pairs)) for row in rows for one in row.series)


def _size(rows: tuple[PlotRow, ...]) -> int:
    """Bytes that the rows take in a report, with its indentation."""
    value = {"plots": _ROWS.dump_python(rows, mode="json")}
    return len(json.dumps(value, indent=2, ensure_ascii=False).encode())
