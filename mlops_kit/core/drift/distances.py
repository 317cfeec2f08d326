"""Distances between two samples or two counts, each with the p-value of "both come from one source".

Pure numbers. Sources: Kolmogorov-Smirnov and the Wasserstein distance as in scipy.stats; Pearson's chi-square of a
2 x k table; the two-proportion z test with the pooled share; Good and Turing's estimate of what is seen again (1953);
Chernoff's bound (1952).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_kit.core.drift.profile import Floats

EXPECTED_COUNT = 5
"""Values that one side is expected to have fewer times are taken together: below, chi-square is no approximation."""
PSI_BINS = 10
_SMALLEST_SHARE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far apart two sides are, in the unit of the rule, and how likely that is without cause (None: not asked)."""

    effect: float
    p_value: float | None = None


def compare_samples(reference: Floats, current: Floats) -> Distance:
    """Wasserstein distance in standard deviations of the reference, and the p-value of Kolmogorov and Smirnov.

    Both samples are sorted, finite and not empty. Where all of the reference is one value, the unit is one.
    """
    from scipy.stats import kstwo, wasserstein_distance

    both = np.concatenate([reference, current])
    gaps = np.searchsorted(reference, both, side="right") / reference.size
    gaps -= np.searchsorted(current, both, side="right") / current.size
    statistic = float(np.abs(gaps).max())
    size = reference.size * current.size / (reference.size + current.size)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.std(reference, ddof=1)) if reference.size > 1 else 0.0
        distance = float(wasserstein_distance(reference, current))
    return Distance(
        effect=distance / deviation if deviation > 0 and math.isfinite(deviation) else distance,
        p_value=float(kstwo.sf(statistic, max(1, round(size)))),
    )


def compare_counts(reference: Mapping[str, int], current: Mapping[str, int]) -> Distance:
    """The largest change of a value's share, and the p-value of chi-square. Neither side is empty."""
    values = sorted({*reference, *current})
    old = np.array([reference.get(value, 0) for value in values], dtype=float)
    new = np.array([current.get(value, 0) for value in values], dtype=float)
    effect = float(np.abs(old / old.sum() - new / new.sum()).max())
    return Distance(effect=effect, p_value=_chi_square(*_merge_rare(old, new)))


def compare_shares(old: int, old_rows: int, new: int, new_rows: int) -> Distance:
    """The change of a share (with its sign), and the two-sided p-value of the pooled z test."""
    from scipy.stats import norm

    change = new / new_rows - old / old_rows
    pooled = (old + new) / (old_rows + new_rows)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / old_rows + 1 / new_rows))
    return Distance(effect=change, p_value=float(2 * norm.sf(abs(change) / spread)) if spread > 0 else 1.0)


def compare_unseen(reference: Mapping[str, int], current: Mapping[str, int], *, others: int = 0) -> Distance:
    """The share of rows whose value the reference never had, and a bound for the chance of so many without cause.

    Without cause every row could as well lie on the other side: a value that both sides together have t times is in
    the current one alone by a chance that falls with t, so ten rows of one new value say more than ten new values. The
    p-value is twice the smaller of two bounds: Chernoff's for all unseen rows, and Boole's for the most frequent unseen
    value. `others` are current rows of values that were not kept; each counts as a value of its own.
    """
    rows = sum(current.values()) + others
    size = sum(reference.values()) + rows
    total = [reference.get(value, 0) + current.get(value, 0) for value in {*reference, *current}]
    times, values = np.unique([*total, *([1] * others)], return_counts=True)
    new = [count for value, count in current.items() if value not in reference]
    unseen = others + sum(new)
    alone = _log_alone(times, rows, size)
    frequent = times >= max(new, default=1)
    chances = (
        _bound(times.astype(float), values, alone, unseen),
        float((values[frequent] * np.exp(alone[frequent])).sum()),
    )
    return Distance(effect=unseen / rows, p_value=min(1.0, 2 * min(chances)) if unseen else 1.0)


def _log_alone(times: "np.ndarray[Any, Any]", rows: int, size: int) -> Floats:
    """The logarithm of the chance that none of a value's rows is among the `size - rows` of the reference."""
    from scipy.special import gammaln

    possible = times <= rows
    capped = np.minimum(times, rows)
    found = gammaln(size - capped + 1) - gammaln(rows - capped + 1) + gammaln(rows + 1) - gammaln(size + 1)
    return np.asarray(np.where(possible, np.minimum(found, 0.0), -np.inf), dtype=np.float64)


def _bound(times: Floats, values: "np.ndarray[Any, Any]", log_alone: Floats, unseen: int) -> float:
    """Chernoff's bound: the least of E[exp(a X)] / exp(a x) over all a, for X the rows of values that are alone."""
    from scipy.optimize import minimize_scalar

    mean = float((times * values * np.exp(log_alone)).sum())
    if unseen <= mean:
        return 1.0
    log_not = np.log1p(-np.minimum(np.exp(log_alone), 1 - 1e-15))

    def exponent(tilt: float) -> float:
        return float((values * np.logaddexp(log_not, log_alone + tilt * times)).sum() - tilt * unseen)

    best = minimize_scalar(exponent, bounds=(0.0, 50.0), method="bounded")
    return float(np.exp(min(0.0, best.fun)))


def compare_known(reference: Mapping[str, int], rows: int, current: Mapping[str, int], others: int) -> Distance:
    """How much less of the current rows has values that the reference is known to have, and the p-value of that.

    The reference's counts are its most frequent values of so many rows. Those seen n times or more are expected again
    in as large a share of rows as those seen more than n times had (Good and Turing); taken as they are counted, the
    frequent ones would always seem to become rarer. `others` are current rows of values that were not kept: they may
    all be known ones.
    """
    from scipy.stats import norm

    least = min(reference.values()) + 1
    known = {value for value, count in reference.items() if count >= least}
    expected = sum(count for count in reference.values() if count > least) / rows
    total = sum(current.values()) + others
    found = min(1.0, (sum(count for value, count in current.items() if value in known) + others) / total)
    on_the_edge = sum(count**2 for count in reference.values() if count == least + 1) / rows**2
    pooled = (expected * rows + found * total) / (rows + total)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / total) + on_the_edge)
    loss = max(0.0, expected - found)
    return Distance(effect=loss, p_value=float(norm.sf(loss / spread)) if spread > 0 else 1.0)


def stability_index(old: Iterable[float], new: Iterable[float]) -> float:
    """The population stability index of two sides' shares by bin; shares of nothing count as one in ten thousand."""
    left, right = (np.maximum(np.fromiter(side, dtype=float), _SMALLEST_SHARE) for side in (old, new))
    return float(np.sum((right - left) * np.log(right / left)))


def sample_stability(reference: Floats, current: Floats) -> float:
    """The index over ten bins between quantiles of the reference; both samples are sorted and not empty."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, PSI_BINS + 1)[1:-1]))
    return stability_index(*(_shares_between(sample, edges) for sample in (reference, current)))


def _shares_between(sample: Floats, edges: Floats) -> Floats:
    places = np.concatenate([[0], np.searchsorted(sample, edges, side="right"), [sample.size]])
    return np.asarray(np.diff(places) / sample.size, dtype=np.float64)


def _merge_rare(old: Floats, new: Floats) -> tuple[Floats, Floats]:
    """Both sides with the values taken together of which the smaller side is expected to have too few."""
    smaller = min(old.sum(), new.sum())
    rare = (old + new) * (smaller / (old.sum() + new.sum())) < EXPECTED_COUNT
    if not rare.any():
        return old, new
    return np.append(old[~rare], old[rare].sum()), np.append(new[~rare], new[rare].sum())


def _chi_square(old: Floats, new: Floats) -> float:
    from scipy.stats import chi2

    total = old + new
    kept = total > 0
    old, new, total = old[kept], new[kept], total[kept]
    if total.size < 2:
        return 1.0
    statistic = 0.0
    for side in (old, new):
        expected = total * (side.sum() / total.sum())
        statistic += float((((side - expected) ** 2) / expected).sum())
    return float(chi2.sf(statistic, total.size - 1))
