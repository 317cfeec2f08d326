"""Draws plots with Vega, by vl-convert: no browser, no Node, no network.

Everything that is drawn is in the specification; nothing is loaded from anywhere.
"""

import re
from types import ModuleType

from mlops_kit import DISTRIBUTION
from mlops_kit.core.errors import InputError
from mlops_kit.core.render.vega import plot_spec
from mlops_kit.core.review.plots import PlotRow

SVG_LIMIT = 300_000
"""Bytes of the largest drawing; one that would be larger is drawn with fewer points."""
_POINTS = (1_000, 500, 250, 100, 40)
_PART = re.compile(r"\b(clip|gradient_)\d+\b")


def draw_plot(plot: PlotRow) -> str:
    """The plot as SVG, the same for the same row; InputError where it cannot be drawn."""
    converter = _load()
    for most_points in _POINTS:
        spec = plot_spec(plot, most_points=most_points)
        try:
            svg = _renumber(str(converter.vegalite_to_svg(spec, allowed_base_urls=[])))
        except (ValueError, RuntimeError) as error:
            raise InputError(f"Vega cannot draw {plot.path}: {_first_line(error)}") from error
        if len(svg.encode()) <= SVG_LIMIT:
            return svg
    raise InputError(f"a drawing of {plot.path} is larger than {SVG_LIMIT:,} bytes")


def rasterize_svg(data: bytes) -> bytes:
    """An SVG image as PNG; InputError where it cannot be made. The caller has looked for references out of it."""
    try:
        return bytes(_load().svg_to_png(data.decode("utf-8")))
    except (ValueError, RuntimeError) as error:
        raise InputError(f"not drawn: {_first_line(error)}") from error


def _renumber(svg: str) -> str:
    """The drawing with the ids of its parts counted from 1: Vega counts on from one drawing to the next."""
    known: dict[str, str] = {}
    return _PART.sub(lambda found: known.setdefault(found[0], f"{found[1]}{len(known) + 1}"), svg)


def _load() -> ModuleType:
    try:
        import vl_convert
    except ImportError as error:
        raise InputError(
            "plots are drawn by vl-convert, which is not installed here", hint=f"pip install '{DISTRIBUTION}[plots]'"
        ) from error
    module: ModuleType = vl_convert
    return module


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
