"""Compares the plots of base and head: which differ, and the points that show how. Values in, values out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.plots import PlotDefinition
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.images import image_file, is_image
from mlops_kit.core.review.plot_points import LABEL_LIMIT, MATRICES, Drawn, Line, label_axes, read_points
from mlops_kit.core.review.plot_tables import Table, parse_table
from mlops_kit.core.review.plots import IMAGE_LIMIT, POINT_LIMIT, Image, PlotKind, PlotRow, Series, SideName
from mlops_kit.core.review.thinning import Point, thin_cloud, thin_line
from mlops_kit.core.types import Digest

Change = Literal["", "new", "removed", "changed"]
_KINDS = {
    "": PlotKind.LINEAR,
    "linear": PlotKind.LINEAR,
    "simple": PlotKind.SIMPLE,
    "smooth": PlotKind.SMOOTH,
    "scatter": PlotKind.SCATTER,
    "scatter_jitter": PlotKind.SCATTER,
    "confusion": PlotKind.CONFUSION,
    "confusion_normalized": PlotKind.CONFUSION_NORMALIZED,
    "bar_horizontal": PlotKind.BAR,
    "bar_horizontal_sorted": PlotKind.BAR,
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of one side: its bytes, or why there are none.

    `identity` tells its content, empty where there is no such file; `digest` is set where DVC keeps the bytes.
    """

    identity: str = ""
    digest: Digest | None = None
    data: bytes | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class PlotSide:
    """The plots of one side by their names, and the files that they are drawn from, by path."""

    plots: Mapping[str, PlotDefinition] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)


def files_of(plot: PlotDefinition) -> tuple[str, ...]:
    """The files that a plot is drawn from."""
    columns = (*plot.options.y, *plot.options.x)
    own = (plot.path,) if plot.path else ()
    return tuple(dict.fromkeys((*own, *(column.file for column in columns if column.file))))


def differs(name: str, base: PlotSide, head: PlotSide) -> bool:
    """Whether a plot's files, or the way to read them, are not the same on both sides."""
    old, new = base.plots.get(name), head.plots.get(name)
    if old is None or new is None or old.options != new.options:
        return True
    return any(_identity(base, file) != _identity(head, file) for file in files_of(new))


def compare_plots(base: PlotSide, head: PlotSide) -> tuple[PlotRow, ...]:
    """Every plot of either side by name, read as head declares it, as base does where head does not."""
    return tuple(_row(name, base, head) for name in sorted({*base.plots, *head.plots}))


def _identity(side: PlotSide, file: str) -> str:
    return side.sources.get(file, Source()).identity


def _row(name: str, base: PlotSide, head: PlotSide) -> PlotRow:
    plot = head.plots.get(name) or base.plots[name]
    image = is_image(plot.path)
    kind = PlotKind.IMAGE if image else _KINDS.get(plot.options.template, PlotKind.LINEAR)
    row = PlotRow(path=clip(name), title=clip(plot.options.title or name, limit=LABEL_LIMIT), kind=kind)
    if not differs(name, base, head):
        return row
    sides: tuple[tuple[SideName, PlotSide], ...] = (("base", base), ("head", head))
    declared = tuple((side, found) for side, found in sides if name in found.plots)
    return _image_row(row, plot, declared) if image else _drawn_row(row, plot, declared)


def _image_row(row: PlotRow, plot: PlotDefinition, sides: Iterable[tuple[SideName, PlotSide]]) -> PlotRow:
    found = {side: known.sources.get(plot.path, Source()) for side, known in sides}
    notes = [f"{side}: {source.error}" for side, source in found.items() if source.error]
    images = []
    for side, source in found.items():
        if source.data is None:
            continue
        file = image_file(source.data)
        if len(source.data) > IMAGE_LIMIT:
            notes.append(f"{side}: an image of {len(source.data):,} bytes is too large to show")
        elif file:
            images.append(Image(side=side, file=file))
        else:
            notes.append(f"{side}: no PNG, JPEG, GIF or WebP image, whatever its name says")
    there = {side: bool(source.identity) for side, source in found.items()}
    return _with(row, change=_change(there), images=tuple(images), notes=notes)


def _drawn_row(row: PlotRow, plot: PlotDefinition, sides: Iterable[tuple[SideName, PlotSide]]) -> PlotRow:
    notes = list(_written_notes(plot))
    drawn: dict[SideName, Drawn] = {}
    labels, there = ("", ""), {}
    for side, known in sides:
        tables, told = _tables(plot, known)
        drawn[side] = read_points(plot, row.kind, tables)
        labels = label_axes(plot, tables) if tables else labels
        there[side] = any(_identity(known, file) for file in files_of(plot))
        notes += [f"{side}: {note}" for note in (*told, *drawn[side].notes)]
    same = len(drawn) == 2 and drawn["base"] == drawn["head"] and bool(drawn["head"].lines)
    if same:
        return row
    series = tuple(one for side, found in drawn.items() for one in _series(side, found, plot, row.kind, notes))
    return _with(row, change=_change(there), labels=labels, series=series, notes=notes)


def _written_notes(plot: PlotDefinition) -> Iterator[str]:
    if plot.options.template not in _KINDS:
        yield f"its template {clip(plot.options.template, limit=LABEL_LIMIT)!r} is drawn as linear"
    if plot.options.templated:
        yield "options that DVC fills in by templates are not read"


def _tables(plot: PlotDefinition, side: PlotSide) -> tuple[dict[str, Table], list[str]]:
    tables, notes = {}, []
    for file in files_of(plot):
        source = side.sources.get(file, Source())
        if source.data is None:
            notes.append(source.error or f"{file} is not there")
            continue
        try:
            tables[file] = parse_table(source.data, path=file, header=plot.options.header)
        except InputError as error:
            notes.append(str(error).partition("\n")[0])
            continue
        notes += [f"{file}: {note}" for note in tables[file].notes]
    return tables, notes


def _series(side: SideName, drawn: Drawn, plot: PlotDefinition, kind: PlotKind, notes: list[str]) -> Iterator[Series]:
    for line in drawn.lines:
        points = _thin(line, kind, ordered=plot.options.template == "bar_horizontal_sorted")
        if len(points) < len(line.points):
            notes.append(f"{side}: {len(points):,} of {len(line.points):,} points are kept")
        if points or line.pairs:
            yield Series(side=side, name=line.name, points=points, pairs=line.pairs)


def _thin(line: Line, kind: PlotKind, *, ordered: bool) -> tuple[Point, ...]:
    if kind is PlotKind.BAR:
        points = sorted(line.points, key=lambda point: -float(point[0])) if ordered else line.points
        return tuple(points[:POINT_LIMIT])
    return thin_points(line.points, kind, POINT_LIMIT)


def thin_points(points: tuple[Point, ...], kind: PlotKind, limit: int) -> tuple[Point, ...]:
    """At most `limit` of a series' points, those that show most."""
    if kind is PlotKind.BAR or kind in MATRICES:
        return points[:limit]
    if kind is PlotKind.SCATTER or any(isinstance(y, str) for _, y in points):
        return thin_cloud(points, limit)
    return thin_line(points, limit)


def _change(there: Mapping[SideName, bool]) -> Change:
    match there.get("base", False), there.get("head", False):
        case True, True:
            return "changed"
        case False, True:
            return "new"
        case True, False:
            return "removed"
        case _:
            return ""


def _with(
    row: PlotRow,
    *,
    change: Change,
    notes: Iterable[str],
    labels: tuple[str, str] = ("", ""),
    series: tuple[Series, ...] = (),
    images: tuple[Image, ...] = (),
) -> PlotRow:
    return PlotRow(
        path=row.path,
        title=row.title,
        kind=row.kind,
        change=change,
        x=labels[0],
        y=labels[1],
        series=series,
        images=images,
        note=clip("; ".join(dict.fromkeys(notes))),
    )
