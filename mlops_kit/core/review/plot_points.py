"""The points that one side's files give a plot, by the rules that DVC joins columns by.

What cannot be drawn is counted and told: no row disappears in silence.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlops_kit.core.pipeline.plot_options import Column
from mlops_kit.core.pipeline.plots import PlotDefinition
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.plot_tables import GAP, Table
from mlops_kit.core.review.plots import POINT_LIMIT, SERIES_LIMIT, Pair, PlotKind
from mlops_kit.core.review.thinning import Point

INDEX = "step"
"""What DVC calls the number of a row, which is x where nobody names a column."""
LABEL_LIMIT = 200
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_WHOLE = re.compile(r"\s*[+-]?\d{1,15}\s*", re.ASCII)
_NUMBERS_ONLY = (PlotKind.LINEAR, PlotKind.SIMPLE, PlotKind.SMOOTH)
MATRICES = (PlotKind.CONFUSION, PlotKind.CONFUSION_NORMALIZED)


@dataclass(frozen=True, kw_only=True)
class Line:
    """All points of a series, or the counted pairs of a matrix."""

    name: str
    points: tuple[Point, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one side's files give: the lines, and what is missing."""

    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()


def columns_of(plot: PlotDefinition, tables: Mapping[str, Table]) -> tuple[tuple[Column, Column | None], ...]:
    """Each y with its x, all with their files; no x is the number of the row. Empty where they do not fit together."""
    own = tables.get(plot.path, Table()).last
    ys = plot.options.y or ((Column(field=own),) if own else ())
    ys = tuple(Column(field=one.field, file=one.file or plot.path) for one in ys)
    xs = plot.options.x
    if not xs:
        return tuple((y, None) for y in ys)
    if len(xs) not in {1, len(ys)}:
        return ()
    xs = xs if len(xs) == len(ys) else xs * len(ys)
    return tuple((y, Column(field=x.field, file=x.file or y.file)) for y, x in zip(ys, xs, strict=True))


def read_points(plot: PlotDefinition, kind: PlotKind, tables: Mapping[str, Table]) -> Drawn:
    """The lines of a plot; a file that is not among `tables` was not readable, and its lines are left out."""
    pairs = columns_of(plot, tables)
    notes = [] if pairs or not plot.options.y else ["it has other numbers of x and y columns"]
    most = SERIES_LIMIT // 2
    if len(pairs) > most:
        notes.append(f"{len(pairs) - most} of {len(pairs)} lines are left out")
    names = _names([y for y, _ in pairs])
    lines = []
    for (y, x), name in list(zip(pairs, names, strict=True))[:most]:
        if y.file not in tables or (x and x.file not in tables):
            continue
        line, told = _read_line(y, x, kind, tables)
        notes += told
        if line:
            lines.append(Line(name=name, points=line.points, pairs=line.pairs))
    return Drawn(lines=tuple(lines), notes=tuple(dict.fromkeys(notes)))


def label_axes(plot: PlotDefinition, tables: Mapping[str, Table]) -> tuple[str, str]:
    """The names of the x and the y axis: as written, else their column where there is only one."""
    pairs = columns_of(plot, tables)
    xs = {x.field if x else INDEX for _, x in pairs}
    ys = {y.field for y, _ in pairs}
    x_label = plot.options.x_label or (xs.pop() if len(xs) == 1 else "x")
    return clip(x_label, limit=LABEL_LIMIT), clip(
        plot.options.y_label or (ys.pop() if len(ys) == 1 else "y"), limit=LABEL_LIMIT
    )


def number_of(value: object) -> int | float | None:
    """The number that a cell stands for; None for a text, a boolean, and what is not finite."""
    match value:
        case bool():
            return None
        case int() | float():
            return value if abs(value) < 2**53 else _finite(value)
        case str() if _WHOLE.fullmatch(value):
            return int(value)
        case str() if len(value) < LABEL_LIMIT and _NUMBER.fullmatch(value):
            return _finite(float(value))
        case _:
            return None


def _finite(value: float) -> float | None:
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _names(ys: Sequence[Column]) -> tuple[str, ...]:
    """What tells the lines apart: their columns, their files, or both; as DVC shortens them."""
    files, fields = {y.file for y in ys}, {y.field for y in ys}
    shared = len(_shared_folder(files)) if len(files) > 1 else 0
    parts = ((y.file[shared:].strip("/") if len(files) > 1 else "", y.field if len(fields) > 1 else "") for y in ys)
    return tuple(clip("::".join(part for part in pair if part), limit=LABEL_LIMIT) for pair in parts)


def _shared_folder(files: Iterable[str]) -> str:
    split = [file.split("/") for file in files]
    shared: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


def _read_line(
    y: Column, x: Column | None, kind: PlotKind, tables: Mapping[str, Table]
) -> tuple[Line | None, list[str]]:
    for column in (y, x):
        if column and column.field not in tables[column.file].columns:
            return None, [f"{column.file} has no column {clip(column.field, limit=LABEL_LIMIT)!r}"]
    table = tables[y.file]
    if x and tables[x.file].length != table.length:
        return None, [f"{x.file} and {y.file} have other numbers of rows"]
    across: Sequence[object] = tables[x.file].columns[x.field] if x else range(table.length)
    return _join(across, table.columns[y.field], kind, y.field)


def _join(xs: Sequence[object], ys: Sequence[object], kind: PlotKind, field: str) -> tuple[Line | None, list[str]]:
    if kind in MATRICES:
        return _count(xs, ys)
    read_x = _reader(xs, numbers=kind is PlotKind.BAR)
    read_y = _text if kind is PlotKind.BAR else _reader(ys, numbers=kind in _NUMBERS_ONLY)
    points = [(x, y) for x, y in zip(map(read_x, xs), map(read_y, ys), strict=True) if x is not None and y is not None]
    lost = len(ys) - len(points)
    about = clip(field, limit=LABEL_LIMIT)
    notes = (
        [f"{lost} of {len(ys)} rows have no value that can be drawn in {about!r}, or none beside it"] if lost else []
    )
    return Line(name="", points=tuple(points)), notes


def _reader(cells: Sequence[object], *, numbers: bool) -> Callable[[object], int | float | str | None]:
    """How an axis reads its cells: as numbers where it must or where one of them is a number, else as names."""
    return number_of if numbers or any(number_of(cell) is not None for cell in cells) else _text


def _text(cell: object) -> str | None:
    if cell is GAP or cell is None or isinstance(cell, dict | list):
        return None
    text = ("true" if cell else "false") if isinstance(cell, bool) else str(cell)
    return clip(text, limit=LABEL_LIMIT)


def _count(xs: Sequence[object], ys: Sequence[object]) -> tuple[Line, list[str]]:
    seen = Counter(
        (a, b) for a, b in zip(map(_text, xs), map(_text, ys), strict=True) if a is not None and b is not None
    )
    most = sorted(seen, key=lambda pair: (-seen[pair], pair))[:POINT_LIMIT]
    pairs = tuple(Pair(x=x, y=y, count=seen[x, y]) for x, y in sorted(most))
    return Line(name="", pairs=pairs), [*_lost_pairs(len(xs) - seen.total(), len(seen) - len(pairs))]


def _lost_pairs(rows: int, pairs: int) -> Iterator[str]:
    if rows:
        yield f"{rows} rows have no pair of classes"
    if pairs:
        yield f"{pairs} pairs of classes with few rows are left out"
