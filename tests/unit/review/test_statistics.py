"""The interval in which a metric's next value is expected, beside scipy's, and what it is not made of."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlops_kit.core.review.statistics import FEWEST_SAMPLES, T_QUANTILES, predict_interval

ZIGZAG = (0.90, 0.93, 0.89, 0.92, 0.88, 0.91)
NUMBERS = st.floats(min_value=-1e6, max_value=1e6)


def test_the_table_is_scipy_s() -> None:
    expected = [stats.t.ppf(0.975, freedom) for freedom in range(1, 101)]
    assert len(T_QUANTILES) == 100
    assert pytest.approx(expected, abs=5e-6) == T_QUANTILES


def test_the_interval_is_the_one_in_the_books() -> None:
    found = predict_interval(ZIGZAG)
    mean, deviation, count = sum(ZIGZAG) / 6, stats.tstd(ZIGZAG), len(ZIGZAG)
    low, high = stats.t.interval(0.95, count - 1, loc=mean, scale=deviation * math.sqrt(1 + 1 / count))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-5)
    assert found.samples == count


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param((), id="none"),
        pytest.param(ZIGZAG[:4], id="too few"),
        pytest.param((0.1,) * 7, id="constant, although its mean is not exact"),
        pytest.param((0.70, 0.75, 0.80, 0.85, 0.90), id="a trend"),
        pytest.param((0.70, 0.71, 0.70, 0.90, 0.91, 0.90), id="a step"),
        pytest.param((*ZIGZAG, math.inf), id="infinite"),
        pytest.param((*ZIGZAG, math.nan), id="no number"),
        pytest.param((*ZIGZAG, 10**400), id="too large for a float"),
        pytest.param((*ZIGZAG, 1e200), id="a square too large for a float"),
    ],
)
def test_of_these_no_interval_is_made(samples: tuple[float, ...]) -> None:
    assert predict_interval(samples) is None


@given(st.lists(NUMBERS | st.integers() | st.floats(), max_size=120))
def test_any_numbers_have_a_finite_interval_around_their_mean_or_none(samples: list[float]) -> None:
    found = predict_interval(samples)
    if found is not None:
        assert math.isfinite(found.low)
        assert found.low <= math.fsum(samples) / len(samples) <= found.high
        assert len(samples) >= FEWEST_SAMPLES


@given(st.lists(st.integers(-1000, 1000), min_size=5, max_size=30), st.integers(-1000, 1000), st.integers(1, 8))
def test_the_interval_moves_and_grows_with_the_values(samples: list[int], shift: int, power: int) -> None:
    plain, moved = predict_interval(samples), predict_interval([value * 2**power + shift for value in samples])
    assert (plain is None) is (moved is None)
    if plain is not None and moved is not None:
        expected = (plain.low * 2**power + shift, plain.high * 2**power + shift)
        assert (moved.low, moved.high) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(st.lists(NUMBERS, min_size=5, max_size=30))
def test_the_order_backwards_changes_nothing(samples: list[float]) -> None:
    one, other = predict_interval(samples), predict_interval(samples[::-1])
    assert (one is None) is (other is None)
    if one is not None and other is not None:
        assert (one.low, one.high) == pytest.approx((other.low, other.high))
