"""Distances beside scipy's own, and what holds for any numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlops_kit.core.drift.distances import (
    compare_counts,
    compare_samples,
    compare_shares,
    compare_unseen,
    sample_stability,
    stability_index,
)

RANDOM = np.random.default_rng(7)
SAMPLES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=60)
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 500), min_size=1)


@pytest.mark.parametrize(("shift", "sizes"), [(0.0, (600, 900)), (0.2, (600, 900)), (1.0, (80, 5000))])
def test_samples_are_compared_as_scipy_compares_them(shift: float, sizes: tuple[int, int]) -> None:
    old, new = np.sort(RANDOM.normal(3, 2, sizes[0])), np.sort(RANDOM.normal(3 + shift, 2, sizes[1]))
    found = compare_samples(old, new)
    expected = stats.ks_2samp(old, new, method="asymp")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert found.effect == pytest.approx(stats.wasserstein_distance(old, new) / old.std(ddof=1))


@given(SAMPLES, SAMPLES)
def test_a_distance_of_samples_is_a_number_and_none_from_itself(one: list[float], other: list[float]) -> None:
    old, new = np.sort(one), np.sort(other)
    found, same = compare_samples(old, new), compare_samples(old, old)
    assert math.isfinite(found.effect)
    assert found.effect >= 0
    assert found.p_value is not None
    assert 0 <= found.p_value <= 1
    assert (same.effect, same.p_value) == (0.0, 1.0)


def test_what_moves_by_one_deviation_moves_by_one() -> None:
    old = np.sort(RANDOM.normal(0, 5, 20_000))
    assert compare_samples(old, old + old.std(ddof=1)).effect == pytest.approx(1.0)


def test_numbers_at_the_ends_of_their_range_have_a_distance() -> None:
    found = compare_samples(np.array([-1.7e308, 1.7e308]), np.array([0.0, 1.0]))
    assert found.effect > 0


def test_counts_are_compared_as_scipy_compares_them() -> None:
    old, new = {"a": 300, "b": 500, "c": 200}, {"a": 330, "b": 420, "c": 250}
    expected = stats.chi2_contingency([list(old.values()), list(new.values())], correction=False).pvalue
    found = compare_counts(old, new)
    assert found.p_value == pytest.approx(expected)
    assert found.effect == pytest.approx(0.08)


def test_rare_values_are_taken_together() -> None:
    old = {"a": 990, **{f"r{number}": 1 for number in range(10)}}
    new = {"a": 990, **{f"s{number}": 1 for number in range(10)}}
    assert compare_counts(old, new).p_value == pytest.approx(1.0)


@given(COUNTS, COUNTS)
def test_a_distance_of_counts_is_a_share(one: dict[str, int], other: dict[str, int]) -> None:
    found = compare_counts(one, other)
    assert 0 <= found.effect <= 1
    assert found.p_value is not None
    assert 0 <= found.p_value <= 1
    assert compare_counts(one, one).effect == 0


def test_shares_are_compared_by_the_pooled_test() -> None:
    found = compare_shares(30, 1000, 90, 1000)
    table = [[30, 970], [90, 910]]
    assert found.p_value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert found.effect == pytest.approx(0.06)
    assert compare_shares(0, 10, 0, 10).p_value == 1.0
    assert compare_shares(10, 10, 5, 10).effect == -0.5


def test_many_rows_of_one_new_value_say_more_than_many_new_values() -> None:
    reference = {"a": 400, **{f"once{number}": 1 for number in range(100)}}
    many = {"a": 470, **{f"new{number}": 1 for number in range(30)}}
    one = {"a": 470, "new": 30}
    excused, alarmed = compare_unseen(reference, many), compare_unseen(reference, one)
    assert excused.effect == alarmed.effect == pytest.approx(0.06)
    assert excused.p_value == 1.0
    assert alarmed.p_value is not None
    assert alarmed.p_value < 1e-6
    assert compare_unseen(reference, {"a": 470}, others=30).p_value == excused.p_value


@given(COUNTS, COUNTS, st.integers(0, 50))
def test_the_chance_of_unseen_values_is_one(one: dict[str, int], other: dict[str, int], others: int) -> None:
    found = compare_unseen(one, other, others=others)
    assert found.p_value is not None
    assert 0 <= found.p_value <= 1
    assert 0 <= found.effect <= 1


def test_the_bound_is_not_below_what_shuffling_finds() -> None:
    pool = RANDOM.integers(0, 60, 300)
    seen = []
    for _ in range(4000):
        RANDOM.shuffle(pool)
        old, new = (np.unique(side, return_counts=True) for side in (pool[:150], pool[150:]))
        seen.append(new[1][~np.isin(new[0], old[0])].sum())
    values, counts = np.unique(pool, return_counts=True)
    for limit in (8, 12, 16):
        alone = dict(zip(map(str, values[:limit]), map(int, counts[:limit]), strict=True))
        rest = {str(value): int(count) for value, count in zip(values[limit:], counts[limit:], strict=True)}
        halves = {value: count - count // 2 for value, count in rest.items()}
        found = compare_unseen(halves, {**alone, **{value: rest[value] - halves[value] for value in rest}})
        unseen = round(found.effect * (sum(alone.values()) + sum(rest.values()) - sum(halves.values())))
        assert found.p_value is not None
        assert found.p_value >= np.mean([one >= unseen for one in seen]) * 0.5


def test_the_stability_index_is_the_textbook_one() -> None:
    assert stability_index([0.5, 0.5], [0.5, 0.5]) == 0
    assert stability_index([0.5, 0.5], [0.25, 0.75]) == pytest.approx(0.25 * math.log(2) + 0.25 * math.log(1.5))
    assert math.isfinite(stability_index([1.0, 0.0], [0.0, 1.0]))
    same = np.sort(RANDOM.normal(size=5000))
    assert sample_stability(same, same) == pytest.approx(0, abs=1e-9)
    assert sample_stability(same, same + 1) > 0.5
