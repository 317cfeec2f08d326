"""Images that stages write: drawings become pixels, and each image is kept once, under a name that tells its bytes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mlops_kit.commands.plot_objects import first_line
from mlops_kit.core.errors import KitError
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.images import drawing_obstacle, image_file, is_drawing
from mlops_kit.core.review.plots import IMAGE_LIMIT, PlotKind, PlotRow
from mlops_kit.core.review.plotting import PlotSide, Source


@dataclass(frozen=True, kw_only=True)
class Darkroom:
    """Where images go. `write` keeps bytes under a name beside the report; `rasterize` makes a PNG of an SVG."""

    write: Callable[[str, bytes], None]
    rasterize: Callable[[bytes], bytes]


def develop(side: PlotSide, other: PlotSide, darkroom: Darkroom) -> PlotSide:
    """The side with its drawings as pixels, of those that the other side does not have just so."""
    changed = {
        file: _rasterized(source, darkroom)
        for file, source in side.sources.items()
        if is_drawing(file) and source.data and source.identity != other.sources.get(file, Source()).identity
    }
    return replace(side, sources={**side.sources, **changed})


def write_images(rows: tuple[PlotRow, ...], base: PlotSide, head: PlotSide, darkroom: Darkroom) -> None:
    """Keep the images of the rows, each once."""
    shown = {image.file for row in rows for image in row.images}
    for source in (*base.sources.values(), *head.sources.values()):
        if shown and source.data is not None and (name := image_file(source.data)) in shown:
            darkroom.write(name, source.data)
            shown.discard(name)


def without_images(row: PlotRow, base: PlotSide, head: PlotSide) -> PlotRow:
    """The row of an image that nobody keeps: how many bytes each side has."""
    if row.kind is not PlotKind.IMAGE or not row.change:
        return row
    sizes = [
        f"{name} has {len(source.data):,} bytes"
        for name, side in (("base", base), ("head", head))
        for source in [side.sources.get(row.path, Source())]
        if source.data is not None
    ]
    errors = [row.note] if row.note and not row.images else []
    return replace(row, images=(), note=clip("; ".join([*sizes, *errors])))


def _rasterized(source: Source, darkroom: Darkroom) -> Source:
    data = source.data or b""
    obstacle = drawing_obstacle(data) if len(data) <= IMAGE_LIMIT else "it is too large"
    if obstacle:
        return replace(source, data=None, error=f"the SVG is not shown: {obstacle}")
    try:
        return replace(source, data=darkroom.rasterize(data))
    except KitError as error:
        return replace(source, data=None, error=f"the SVG is not shown: {first_line(error)}")
