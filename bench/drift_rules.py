"""How often rules for drift alarm without cause, and how often with one, over many made-up columns.

The rivals are the defaults of Evidently 0.7.23 (Kolmogorov and Smirnov at 0.05 where the reference has at most 1,000
rows, else the Wasserstein distance in standard deviations from 0.1) and the population stability index over ten bins,
computed here: installing Evidently beside the kit needs another pandas.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
from numpy.random import Generator

from bench.cases import Case, Row
from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.distances import compare_samples, sample_stability, stability_index
from mlops_kit.core.drift.judge import judge_drift
from mlops_kit.core.drift.profile import (
    ColumnProfile,
    DataProfile,
    DataSet,
    Family,
    Floats,
    Numbers,
    TableFormat,
)
from mlops_kit.core.drift.report import DriftAnswer

COLUMNS = 30
SIZES = ((100, 100), (500, 500), (2000, 500), (5000, 5000), (50_000, 50_000))
SHIFTS = (0.0, 0.1, 0.25, 0.5)
LEVELS = (3, 20, 100, 1000)
_SEED = 20260501
_NOW = datetime(2026, 5, 1, tzinfo=UTC)
_ALARMS = (DriftAnswer.WARN, DriftAnswer.FAIL)
_EVIDENTLY_ROWS = 1000
_MOST_FALSE = 0.01
_LEAST_POWER = 0.85


@dataclass(frozen=True, kw_only=True)
class Rates:
    """For one pair of sizes: the share of columns that alarm at each shift, by rule."""

    sizes: tuple[int, int]
    alarms: Mapping[str, Sequence[float]]


def simulate_numbers(repeats: Callable[[int], int]) -> Iterator[Rates]:
    """Normal columns whose mean moves by so many standard deviations."""
    for old, new in SIZES:
        random = np.random.default_rng(_SEED)
        found: dict[str, list[float]] = {}
        for shift in SHIFTS:
            told: dict[str, list[bool]] = {}
            for _ in range(repeats(max(old, new))):
                _judge_numbers(random, (old, new), shift, told)
            for rule, alarms in told.items():
                found.setdefault(rule, []).append(sum(alarms) / len(alarms))
        yield Rates(sizes=(old, new), alarms=found)


def _judge_numbers(random: Generator, sizes: tuple[int, int], shift: float, told: dict[str, list[bool]]) -> None:
    pairs = [
        (np.sort(random.normal(0, 1, sizes[0])), np.sort(random.normal(shift, 1, sizes[1]))) for _ in range(COLUMNS)
    ]
    for old, new in pairs:
        distance, index = compare_samples(old, new), sample_stability(old, new)
        far, sure = distance.effect >= 0.1, (distance.p_value or 0) < 0.05
        told.setdefault("Evidently's defaults", []).append(sure if sizes[0] <= _EVIDENTLY_ROWS else far)
        told.setdefault("KS p < 0.05", []).append(sure)
        told.setdefault("Wasserstein ≥ 0.1", []).append(far)
        told.setdefault("PSI ≥ 0.1", []).append(index >= 0.1)
        told.setdefault("PSI ≥ 0.2", []).append(index >= 0.2)
    sides = ([_number_column(number, pair[side]) for number, pair in enumerate(pairs)] for side in (0, 1))
    told.setdefault("mlops-kit", []).extend(_alarms(*sides))


def simulate_values(repeats: Callable[[int], int]) -> Iterator[tuple[int, tuple[int, int], float, float, float]]:
    """Columns of equally frequent values: false alarms of both, and the kit's power where one gains ten points."""
    for levels in LEVELS:
        for old, new in SIZES:
            random = np.random.default_rng(_SEED)
            told: dict[str, list[bool]] = {"ours": [], "index": [], "power": []}
            for _ in range(repeats(max(old, new))):
                _judge_values(random, (old, new), levels, told)
            rates = [sum(alarms) / len(alarms) for alarms in told.values()]
            yield levels, (old, new), rates[0], rates[1], rates[2]


def _judge_values(random: Generator, sizes: tuple[int, int], levels: int, told: dict[str, list[bool]]) -> None:
    even = np.full(levels, 1 / levels)
    moved = even * (0.9 - 1 / levels) / (1 - 1 / levels)
    moved[0] = 1 / levels + 0.1
    old, same, gained = (
        [random.multinomial(size, shares).astype(float) for _ in range(COLUMNS)]
        for size, shares in ((sizes[0], even), (sizes[1], even), (sizes[1], moved / moved.sum()))
    )
    reference = [_value_column(number, counts) for number, counts in enumerate(old)]
    told["ours"].extend(_alarms(reference, [_value_column(number, counts) for number, counts in enumerate(same)]))
    told["power"].extend(_alarms(reference, [_value_column(number, counts) for number, counts in enumerate(gained)]))
    told["index"].extend(
        stability_index(one / one.sum(), other / other.sum()) >= 0.1 for one, other in zip(old, same, strict=True)
    )


def _alarms(reference: Sequence[ColumnProfile], current: Sequence[ColumnProfile]) -> list[bool]:
    report = judge_drift(_table(reference), _table(current), DriftPolicy(), now=_NOW)
    return [row.answer in _ALARMS for row in report.columns]


def _number_column(number: int, sample: Floats) -> ColumnProfile:
    numbers = Numbers(minimum=float(sample[0]), maximum=float(sample[-1]), sample=sample)
    return ColumnProfile(
        name=f"x{number}", type="DOUBLE", family=Family.NUMBER, rows=sample.size, distinct=sample.size, numbers=numbers
    )


def _value_column(number: int, counts: Floats) -> ColumnProfile:
    there = {f"v{value}": int(count) for value, count in enumerate(counts) if count}
    rows = int(counts.sum())
    return ColumnProfile(
        name=f"x{number}", type="VARCHAR", family=Family.TEXT, rows=rows, distinct=len(there), counts=there,
        counted=rows, mean_length=2.0,
    )  # fmt: skip


def _table(columns: Sequence[ColumnProfile]) -> DataProfile:
    source = DataSet(name="made up", files=())
    return DataProfile(source=source, format=TableFormat.CSV, rows=columns[0].rows, columns=tuple(columns))


def render_numbers(rates: Sequence[Rates]) -> str:
    """A markdown table: for each rule and size the false alarms, then the power at each shift."""
    head = ["rule", *(f"n = {old:,} / {new:,}" for old, new in (one.sizes for one in rates))]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for rule in rates[0].alarms:
        cells = [_cell(one.alarms[rule]) for one in rates]
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(alarms: Sequence[float]) -> str:
    """The false alarms, then the power at each shift."""
    return f"{alarms[0]:.3f}; {'/'.join(f'{rate:.2f}' for rate in alarms[1:])}"


def render_values(rows: Sequence[tuple[int, tuple[int, int], float, float, float]]) -> str:
    """A markdown table of columns of values."""
    lines = [
        "| values | rows | PSI ≥ 0.1, false alarms | mlops-kit, false alarms | mlops-kit, one value gains 10 points |",
        "|---|---|---|---|---|",
    ]
    for levels, (old, new), ours, index, power in rows:
        lines.append(f"| {levels} | {old:,} / {new:,} | {index:.3f} | {ours:.3f} | {power:.2f} |")
    return "\n".join(lines)


def measure_rules(title: str) -> Row:
    """Both tables on standard output, and whether the goals are met at every size."""
    numbers = list(simulate_numbers(partial(_repeats, budget=150_000)))
    values = list(simulate_values(partial(_repeats, budget=150_000)))
    print(render_numbers(numbers), end="\n\n")
    print(render_values(values), end="\n\n")
    false = [one.alarms["mlops-kit"][0] for one in numbers] + [row[2] for row in values]
    rivals = max(one.alarms["Evidently's defaults"][0] for one in numbers)
    power = min(one.alarms["mlops-kit"][-1] for one in numbers if min(one.sizes) >= 500)
    return Row(
        name=f"{title} (power at 0.5 deviations {power:.2f})",
        theirs=f"Evidently {rivals:.3f}",
        ours=f"{max(false):.4f}",
        ratio=f"{rivals / max(*false, 1e-4):.0f} x",
        goal="at most 0.01",
        met=max(false) <= _MOST_FALSE and power >= _LEAST_POWER,
    )


def _repeats(rows: int, *, budget: int) -> int:
    """How often a table is made anew: at most 200 times, fewer where it is long."""
    return max(10, min(200, budget // rows))


RULE_CASES = (
    Case(
        name="drift-rules",
        title="drift: most false alarms per column",
        measure=partial(measure_rules, "drift: most false alarms per column"),
    ),
)
