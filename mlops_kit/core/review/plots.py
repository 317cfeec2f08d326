"""The plots of base and head as points that can be drawn one over the other."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from mlops_kit.core.review.cells import STRICT, Cell, Text

SideName = Literal["base", "head"]
POINT_LIMIT = 1_000
"""Points of the longest series that a report carries; longer ones are thinned out, their ends and peaks kept."""
SERIES_LIMIT = 20
PLOT_LIMIT = 100
IMAGE_LIMIT = 2 * 1024 * 1024
"""Bytes of the largest image that is shown."""


class PlotKind(StrEnum):
    """How a plot is drawn: DVC's templates, and images that a stage wrote."""

    LINEAR = "linear"
    SIMPLE = "simple"
    SMOOTH = "smooth"
    SCATTER = "scatter"
    CONFUSION = "confusion"
    CONFUSION_NORMALIZED = "confusion-normalized"
    BAR = "bar"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """How many rows of a confusion matrix have this pair of classes, the ones on its x and y axis."""

    x: Text
    y: Text
    count: Annotated[int, Field(ge=1, strict=True)]

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points of one side: numbers on both axes, or texts where an axis names classes; `name` tells lines apart.

    A confusion matrix has `pairs` in their place.
    """

    side: SideName
    name: Text = ""
    points: Annotated[tuple[tuple[Cell, Cell], ...], Field(max_length=POINT_LIMIT)] = ()
    pairs: Annotated[tuple[Pair, ...], Field(max_length=POINT_LIMIT)] = ()

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image of one side, as a file beside the report.

    `file` is its name in the folder of pictures: the sha256 of its bytes, and the ending that its content has.
    """

    side: SideName
    file: Annotated[str, Field(pattern=r"^[0-9a-f]{64}\.(png|jpg|gif|webp)$", strict=True)]

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class PlotRow:
    """One plot, base over head. `path` is its file or, for a plot of several files, the name that dvc.yaml gives it.

    `x` and `y` name the axes. `series` are what is drawn, base's before head's; `images` those of an image plot.
    `change` is empty where both sides show the same, and then nothing is drawn; `note` says what is missing and why.
    """

    path: Text
    title: Text
    kind: PlotKind
    change: Literal["", "new", "removed", "changed"] = ""
    x: Text = ""
    y: Text = ""
    series: Annotated[tuple[Series, ...], Field(max_length=SERIES_LIMIT)] = ()
    images: Annotated[tuple[Image, ...], Field(max_length=2)] = ()
    note: Text = ""

    __pydantic_config__ = STRICT
