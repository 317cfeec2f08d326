"""Brings pictures into a page: drawn or read, and written into it, so that one file holds all."""

import base64
from collections.abc import Callable, Iterable, Iterator

from mlops_kit.core.errors import KitError
from mlops_kit.core.render.page import Address, Picture
from mlops_kit.core.render.report_page import Pictures
from mlops_kit.core.review.plots import Image, PlotKind, PlotRow

_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


def embed_pictures(
    plots: Iterable[PlotRow], *, draw: Callable[[PlotRow], str], read_image: Callable[[Image], bytes]
) -> Pictures:
    """The pictures of those plots that have one; what cannot be drawn or read is left to the page's tables."""
    return {plot.path: tuple(_pictures(plot, draw, read_image)) for plot in plots}


def _pictures(plot: PlotRow, draw: Callable[[PlotRow], str], read_image: Callable[[Image], bytes]) -> Iterator[Picture]:
    try:
        if plot.kind is PlotKind.IMAGE:
            for image in plot.images:
                kind = _TYPES[image.file.rpartition(".")[2]]
                yield Picture(address=_address(kind, read_image(image)), name=image.side)
        elif plot.series:
            yield Picture(address=_address("image/svg+xml", draw(plot).encode()))
    except KitError:
        return


def _address(kind: str, data: bytes) -> Address:
    return Address(f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}")
