"""A line of numbers as one line of text, and as few evenly spaced ones: for places that have no pictures."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.plots import Series

Numbers = tuple[float, ...]
NumberPoint = tuple[float, float]
WIDTH = 40
_BARS = "▁▂▃▄▅▆▇█"


def number_points(series: Series) -> tuple[NumberPoint, ...]:
    """The points whose both parts are finite numbers."""
    pairs = ((_number(x), _number(y)) for x, y in series.points)
    return tuple((x, y) for x, y in pairs if x is not None and y is not None)


def heights(series: Series) -> Numbers:
    """The finite numbers among the points' y, whatever stands on x."""
    return tuple(y for y in (_number(y) for _, y in series.points) if y is not None)


def sparkline(values: Sequence[float], *, low: float, high: float, width: int = WIDTH) -> str:
    """The values as bars between `low` and `high`, at most `width` characters, each the mean of its part."""
    if not values:
        return ""
    parts = min(width, len(values))
    means = (_mean(values[part * len(values) // parts : (part + 1) * len(values) // parts]) for part in range(parts))
    return "".join(_bar(mean, low, high) for mean in means)


def resample(points: Sequence[NumberPoint], *, start: float, end: float, count: int) -> Numbers:
    """The line's height at `count` even steps from `start` to `end`, which lie within it; x must not fall."""
    xs = [x for x, _ in points]
    shares = (step / max(count - 1, 1) for step in range(count))
    return tuple(_height(points, xs, start * (1 - share) + end * share) for share in shares)


def is_rising(points: Sequence[NumberPoint]) -> bool:
    """Whether x never falls from one point to the next."""
    return all(before[0] <= after[0] for before, after in pairwise(points))


def _number(value: Cell) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _mean(values: Sequence[float]) -> float:
    return sum(value / len(values) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    share = _share(value, low, high, alike=0.5)
    return _BARS[min(max(int(share * len(_BARS)), 0), len(_BARS) - 1)]


def _share(value: float, low: float, high: float, *, alike: float) -> float:
    """Where a value lies between two others, from 0 to 1; halved, so that no difference is infinite."""
    span = high / 2 - low / 2
    return min(max((value / 2 - low / 2) / span, 0.0), 1.0) if span > 0 else alike


def _height(points: Sequence[NumberPoint], xs: Sequence[float], x: float) -> float:
    if len(points) == 1:
        return points[0][1]
    place = min(max(bisect_right(xs, x), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[place - 1], points[place]
    share = _share(x, x0, x1, alike=1.0)
    return y0 * (1 - share) + y1 * share
