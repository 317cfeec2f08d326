"""How sure a difference of two means is, where both were measured row by row on the same rows: a paired bootstrap.

Pure numbers in, pure numbers out. Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3; widened
for few rows as by Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from mlops_kit import DISTRIBUTION
from mlops_kit.core.errors import InputError
from mlops_kit.core.review.statistics import T_QUANTILES

FEWEST_ROWS = 20
"""With fewer rows no interval is made: of ten right or wrong answers it holds the true change in 78 % only."""
MOST_ROWS = 50_000
"""With more the normal interval is taken: by then it is the same, and a million rows take half a minute to resample."""
RESAMPLES = 2_000
_NORMAL = 1.959964
_SEED = 20_240_229
_BLOCK = 2_000_000
"""Numbers that are drawn at once: what bounds the memory, 32 MB."""


@dataclass(frozen=True, kw_only=True)
class DifferenceInterval:
    """Where the mean of the differences lies with 95 % confidence, and of how many rows that is known."""

    low: float
    high: float
    rows: int


def tail_of(count: int) -> float:
    """The share of resampled means on each side of the interval of so many rows: 0.025 for many, less for few.

    Resampled means scatter too little by √((n - 1) / n), and few rows call for Student's t.
    """
    freedom = count - 1
    quantile = (
        T_QUANTILES[freedom - 1] if freedom <= len(T_QUANTILES) else _NORMAL + (_NORMAL**3 + _NORMAL) / (4 * freedom)
    )
    return NormalDist().cdf(-quantile * math.sqrt(count / freedom))


def _import_numpy() -> Any:  # noqa: ANN401 - numpy has no types here
    try:
        import numpy as np
    except ImportError as error:
        raise InputError(
            "intervals of scores by row need numpy", hint=f'pip install "{DISTRIBUTION}[drift]"'
        ) from error
    return np


def bootstrap_difference(before: Sequence[float], after: Sequence[float]) -> DifferenceInterval:
    """The interval of mean(after) - mean(before) over resampled pairs; ValueError for too few, or no pairs.

    The same rows give the same interval: the seed is fixed.
    """
    np = _import_numpy()
    if len(before) != len(after) or len(before) < FEWEST_ROWS:
        raise ValueError(f"expected two sequences of one length from {FEWEST_ROWS}, got {len(before)} and {len(after)}")
    differences = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    count = len(differences)
    if count > MOST_ROWS:
        middle, half = float(differences.mean()), _NORMAL * float(differences.std(ddof=1)) / math.sqrt(count)
        return DifferenceInterval(low=middle - half, high=middle + half, rows=count)
    generator = np.random.default_rng(_SEED)
    means = np.empty(RESAMPLES)
    block = max(1, _BLOCK // count)
    for start in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - start)
        drawn = generator.integers(0, count, size=(size, count))
        means[start : start + size] = differences[drawn].mean(axis=1)
    tail = tail_of(count)
    ends: list[float] = np.quantile(means, [tail, 1 - tail]).tolist()
    return DifferenceInterval(low=ends[0], high=ends[1], rows=count)
