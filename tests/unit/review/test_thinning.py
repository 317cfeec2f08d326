"""Thinning: what stays of a line and of a cloud, for every line and cloud."""

from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.review.thinning import Point, thin_cloud, thin_line

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(min_value=-(2**53), max_value=2**53)
LINES = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=200)
CLOUDS = LINES | st.lists(st.tuples(st.text(max_size=3), NUMBERS), min_size=1, max_size=100)


def is_part_of(part: tuple[Point, ...], whole: list[Point]) -> bool:
    """Whether the points are some of the whole, in its order."""
    left = iter(whole)
    return all(any(point == other for other in left) for point in part)


@given(LINES, st.integers(min_value=4, max_value=60))
def test_a_thinned_line_keeps_its_ends_and_its_peaks_in_order(points: list[Point], limit: int) -> None:
    kept = thin_line(points, limit)
    assert len(kept) <= limit
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    heights = [float(y) for _, y in points]
    assert {min(heights), max(heights)} <= {float(y) for _, y in kept}
    assert is_part_of(kept, points)


@given(CLOUDS, st.integers(min_value=8, max_value=60))
def test_a_thinned_cloud_keeps_what_lies_furthest_out(points: list[Point], limit: int) -> None:
    kept = thin_cloud(points, limit)
    assert len(kept) <= limit
    assert is_part_of(kept, points)
    for axis in (0, 1):
        if not isinstance(points[0][axis], str):
            values = [float(point[axis]) for point in points]
            assert {min(values), max(values)} <= {float(point[axis]) for point in kept}


@given(LINES)
def test_what_is_short_enough_stays_as_it_is(points: list[Point]) -> None:
    assert thin_line(points, 200) == thin_cloud(points, 200) == tuple(points)


def test_a_long_line_keeps_nearly_as_many_points_as_it_may() -> None:
    points: list[Point] = [(x, x % 7) for x in range(100_000)]
    assert len(thin_line(points, 1_000)) > 990
    assert len(thin_cloud(points, 1_000)) > 990
