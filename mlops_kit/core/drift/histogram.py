"""Both sides of a column over the same bins, to be drawn over one another, and their stability index."""

from collections.abc import Mapping

import numpy as np

from mlops_kit.core.drift.distances import sample_stability, stability_index
from mlops_kit.core.drift.kinds import ColumnKind
from mlops_kit.core.drift.measuring import REST, Pair
from mlops_kit.core.drift.profile import ColumnProfile, Floats
from mlops_kit.core.drift.report import Histogram, clip

BINS = 20
"""Bins of numbers, and values of categories, that are drawn."""
_TAIL = 0.005
"""So large a part of the rows at either end shares the outermost bins, so that one far value does not flatten all."""
_INDEX_ROWS = 1000
"""With fewer rows the index is mostly noise: (bins - 1) x (1/n + 1/m) is expected of it without any drift."""


def draw_histogram(pair: Pair) -> Histogram | None:
    """The shares by bin; None where a side has nothing to draw."""
    if pair.kind is ColumnKind.NUMERIC:
        return _of_numbers(*_samples(pair)) if all(side.size for side in _samples(pair)) else None
    if pair.kind in (ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN, ColumnKind.HIGH_CARDINALITY):
        return _of_values(pair.reference, pair.current)
    return None


def column_stability(pair: Pair) -> float | None:
    """The population stability index; None where rows are too few for it, or there is none."""
    if min(pair.reference.present, pair.current.present) < _INDEX_ROWS:
        return None
    if pair.kind is ColumnKind.NUMERIC:
        samples = _samples(pair)
        return round(sample_stability(*samples), 6) if all(side.size for side in samples) else None
    if pair.kind in (ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN):
        values = sorted({*pair.reference.counts, *pair.current.counts})
        shares = (_shares(side.counts, values, side.counted) for side in (pair.reference, pair.current))
        return round(stability_index(*shares), 6)
    return None


def _samples(pair: Pair) -> tuple[Floats, Floats]:
    old, new = (side.numbers.sample if side.numbers else np.empty(0) for side in (pair.reference, pair.current))
    return old, new


def _of_numbers(old: Floats, new: Floats) -> Histogram | None:
    low = min(float(np.quantile(side, _TAIL)) for side in (old, new))
    high = max(float(np.quantile(side, 1 - _TAIL)) for side in (old, new))
    with np.errstate(over="ignore"):
        edges = np.linspace(low, high, BINS + 1)
    if not np.isfinite(edges).all() or not high > low:
        return None
    shares = (np.histogram(np.clip(side, low, high), bins=edges)[0] / side.size for side in (old, new))
    reference, current = (tuple(round(float(share), 6) for share in side) for side in shares)
    return Histogram(reference=reference, current=current, edges=tuple(float(f"{edge:.6g}") for edge in edges))


def _of_values(old: ColumnProfile, new: ColumnProfile) -> Histogram | None:
    if not old.counted or not new.counted:
        return None
    both = {
        value: old.counts.get(value, 0) / old.counted + new.counts.get(value, 0) / new.counted
        for value in {*old.counts, *new.counts}
    }
    values = sorted(both, key=lambda value: (-both[value], value))[: BINS - 1]
    reference, current = (_with_rest(_shares(side.counts, values, side.counted)) for side in (old, new))
    return Histogram(reference=reference, current=current, values=(*(clip(value) for value in values), REST))


def _shares(counts: Mapping[str, int], values: list[str], rows: int) -> tuple[float, ...]:
    return tuple(round(counts.get(value, 0) / rows, 6) for value in values)


def _with_rest(shares: tuple[float, ...]) -> tuple[float, ...]:
    return (*shares, round(max(0.0, 1 - sum(shares)), 6))
