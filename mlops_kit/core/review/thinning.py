"""Fewer points that look the same: the ends and the peaks of a line stay, and what lies far out in a cloud."""

from collections.abc import Callable, Sequence

Point = tuple[int | float | str, int | float | str]


def thin_line(points: Sequence[Point], limit: int) -> tuple[Point, ...]:
    """At most `limit` (at least 4) points of a line, in their order: its ends, and of each part the lowest and highest.

    All y must be numbers. The lowest and the highest of all are among them.
    """
    if len(points) <= limit:
        return tuple(points)
    parts = (limit - 2) // 2
    inner = range(1, len(points) - 1)
    kept = {0, len(points) - 1}
    for part in range(parts):
        places = inner[part * len(inner) // parts : (part + 1) * len(inner) // parts]
        kept |= {min(places, key=_height(points)), max(places, key=_height(points))}
    return tuple(points[place] for place in sorted(kept))


def thin_cloud(points: Sequence[Point], limit: int) -> tuple[Point, ...]:
    """At most `limit` (at least 8) points of a cloud, in their order: the outermost ones, and even steps between."""
    if len(points) <= limit:
        return tuple(points)
    kept = set()
    for axis in (0, 1):
        if not isinstance(points[0][axis], str):
            kept |= {min(range(len(points)), key=_on(points, axis)), max(range(len(points)), key=_on(points, axis))}
    free = limit - len(kept)
    kept |= {step * len(points) // free for step in range(free)}
    return tuple(points[place] for place in sorted(kept))


def _height(points: Sequence[Point]) -> Callable[[int], float]:
    return lambda place: float(points[place][1])


def _on(points: Sequence[Point], axis: int) -> Callable[[int], float]:
    return lambda place: float(points[place][axis])
