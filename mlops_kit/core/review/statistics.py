"""How far a metric's values scatter by themselves: an interval from what was measured before.

Pure numbers in, pure numbers out; which values belong together is decided elsewhere.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST_SAMPLES = 5
"""With fewer values no interval is made: it would be so wide that it excused everything."""
LEAST_RATIO = 1.0
"""Of von Neumann's ratio. It is about 2 for values in no order, and falls towards 0 for a trend or a step."""
T_QUANTILES = (
    12.70620, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814,
    2.20099, 2.17881, 2.16037, 2.14479, 2.13145, 2.11991, 2.10982, 2.10092, 2.09302, 2.08596,
    2.07961, 2.07387, 2.06866, 2.06390, 2.05954, 2.05553, 2.05183, 2.04841, 2.04523, 2.04227,
    2.03951, 2.03693, 2.03452, 2.03224, 2.03011, 2.02809, 2.02619, 2.02439, 2.02269, 2.02108,
    2.01954, 2.01808, 2.01669, 2.01537, 2.01410, 2.01290, 2.01174, 2.01063, 2.00958, 2.00856,
    2.00758, 2.00665, 2.00575, 2.00488, 2.00404, 2.00324, 2.00247, 2.00172, 2.00100, 2.00030,
    1.99962, 1.99897, 1.99834, 1.99773, 1.99714, 1.99656, 1.99601, 1.99547, 1.99495, 1.99444,
    1.99394, 1.99346, 1.99300, 1.99254, 1.99210, 1.99167, 1.99125, 1.99085, 1.99045, 1.99006,
    1.98969, 1.98932, 1.98896, 1.98861, 1.98827, 1.98793, 1.98761, 1.98729, 1.98698, 1.98667,
    1.98638, 1.98609, 1.98580, 1.98552, 1.98525, 1.98498, 1.98472, 1.98447, 1.98422, 1.98397,
)  # fmt: skip
"""Student's t, two-sided 95 %, for 1 to 100 degrees of freedom: scipy.stats.t.ppf(0.975, df), five decimals."""

_LARGEST = 1e150
"""Squares of larger values do not fit a float."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where 95 % of new values fall if nothing but chance differs; of how many samples it was made."""

    low: float
    high: float
    samples: int

    def contains(self, value: float) -> bool:
        """Whether the value is within, ends included."""
        return self.low <= value <= self.high


def predict_interval(samples: Sequence[float]) -> Interval | None:
    """The two-sided 95 % prediction interval of the next value, by Student's t; None where there is none to make.

    None for fewer than five values, for values that never vary, that are not finite, and for values in whose order
    there is a trend or a step: those move by what was done to the model, not by chance. `samples` are in their order.

    mean ± t · s · √(1 + 1/n), as in Hahn and Meeker, Statistical Intervals, 1991, section 4.7; the trend is told by
    the mean square successive difference over the variance (von Neumann, Annals of Mathematical Statistics 12, 1941).
    """
    count = len(samples)
    if not FEWEST_SAMPLES <= count <= len(T_QUANTILES) or not all(abs(value) < _LARGEST for value in samples):
        return None
    values = [float(value) for value in samples]
    mean = math.fsum(values) / count
    squares = math.fsum((value - mean) ** 2 for value in values)
    steps = math.fsum((after - before) ** 2 for before, after in itertools.pairwise(values))
    if min(values) == max(values) or squares == 0 or steps < LEAST_RATIO * squares:
        return None
    half = T_QUANTILES[count - 2] * math.sqrt(squares / (count - 1)) * math.sqrt(1 + 1 / count)
    return Interval(low=mean - half, high=mean + half, samples=count)
