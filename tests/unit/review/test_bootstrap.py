"""The interval of a difference between two models, beside scipy's, and what it does when rows or scale change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_kit.core.review.bootstrap import FEWEST_ROWS, bootstrap_difference, tail_of

SCORES = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=FEWEST_ROWS, max_size=40
)  # fmt: skip


@pytest.mark.parametrize(("count", "spread"), [(24, 1.0), (171, 0.3), (2_000, 5.0), (60_000, 2.0)])
def test_the_ends_are_those_of_scipy_up_to_the_chance_of_resampling(count: int, spread: float) -> None:
    generator = np.random.default_rng(count)
    before = generator.exponential(spread, count)
    after = before + generator.normal(0.1, spread, count)
    found = bootstrap_difference(before.tolist(), after.tolist())
    expected = stats.bootstrap(
        (after - before,),
        np.mean,
        n_resamples=20_000 if count < 10_000 else 1_000,
        method="percentile",
        batch=100,
        confidence_level=1 - 2 * tail_of(count),
        rng=np.random.default_rng(1),
    ).confidence_interval
    error = float(np.std(after - before)) / count**0.5
    assert found.rows == count
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.15 * error)


def test_few_rows_get_a_wider_interval_and_many_the_usual_one() -> None:
    tails = [tail_of(count) for count in (20, 30, 50, 101, 102, 1_000, 50_000)]
    assert tails == sorted(tails)
    assert tails[0] == pytest.approx(stats.norm.cdf(stats.t.ppf(0.025, 19) * (20 / 19) ** 0.5), rel=1e-4)
    assert tails[4] == pytest.approx(stats.norm.cdf(stats.t.ppf(0.025, 101) * (102 / 101) ** 0.5), rel=1e-3)
    assert tails[-1] == pytest.approx(0.025, rel=1e-3)


def test_of_true_differences_95_percent_lie_within() -> None:
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        before = generator.integers(0, 2, 100)
        after = np.where(generator.random(100) < 0.2, 1 - before, before)
        found = bootstrap_difference(before.tolist(), after.tolist())
        hits += found.low <= 0 <= found.high
    assert 180 <= hits <= 199


@settings(max_examples=25, deadline=None)
@given(SCORES)
def test_the_same_rows_give_the_same_interval_within_the_differences(pairs: list[tuple[float, float]]) -> None:
    before, after = ([pair[side] for pair in pairs] for side in (0, 1))
    found = bootstrap_difference(before, after)
    assert found == bootstrap_difference(before, after)
    differences = [new - old for old, new in pairs]
    assert min(differences) - 1e-9 <= found.low <= found.high <= max(differences) + 1e-9


@settings(max_examples=25, deadline=None)
@given(SCORES, st.integers(-50, 50))
def test_the_interval_moves_with_the_candidate(pairs: list[tuple[float, float]], shift: int) -> None:
    before, after = ([pair[side] for pair in pairs] for side in (0, 1))
    plain, moved = bootstrap_difference(before, after), bootstrap_difference(before, [one + shift for one in after])
    assert (moved.low, moved.high) == pytest.approx((plain.low + shift, plain.high + shift), abs=1e-6)


def test_many_rows_are_drawn_in_blocks_and_few_are_refused() -> None:
    rows = [float(number % 2) for number in range(5_000)]
    found = bootstrap_difference(rows, rows[::-1])
    assert found.low < 0 < found.high
    for wrong in (([0.0] * 19, [0.0] * 19), ([0.0] * 30, [0.0] * 29)):
        with pytest.raises(ValueError, match="expected two sequences of one length"):
            bootstrap_difference(*wrong)
