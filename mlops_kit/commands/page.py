"""Brings pictures into a page: drawn or read, and written into it, so that one file holds all."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping

from mlops_kit.core.errors import KitError
from mlops_kit.core.review.pictures import check_image, picture_key
from mlops_kit.core.review.plots import Image, PlotKind, PlotRow

_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


def embed_pictures(
    plots: Iterable[PlotRow], *, draw: Callable[[PlotRow], str], read_image: Callable[[Image], bytes]
) -> Mapping[str, str]:
    """The pictures of plots that changed as `data:` addresses, by the plot's path, `PATH@base` for base's image.

    What cannot be drawn or read is left out; the page then shows its numbers.
    """
    return dict(pair for plot in plots if plot.change for pair in _addresses(plot, draw, read_image))


def _addresses(
    plot: PlotRow, draw: Callable[[PlotRow], str], read_image: Callable[[Image], bytes]
) -> Iterator[tuple[str, str]]:
    try:
        for image in plot.images:
            data = read_image(image)
            check_image(image, data)
            kind = _TYPES[image.file.rpartition(".")[2]]
            yield picture_key(plot.path, image.side), _address(kind, data)
        if plot.series and plot.kind is not PlotKind.IMAGE:
            yield plot.path, _address("image/svg+xml", draw(plot).encode())
    except KitError:
        return


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
