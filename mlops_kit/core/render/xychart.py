"""Lines as a mermaid chart, in the part of its grammar that every version takes.

That part has quoted labels, plain decimal numbers and evenly spaced lines without gaps, and no legend.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mlops_kit.core.render.escape import label
from mlops_kit.core.render.sparkline import Numbers, is_rising, number_points, resample
from mlops_kit.core.review.plots import PlotKind, PlotRow, Series

STEPS = 50
LINES = (PlotKind.LINEAR, PlotKind.SIMPLE, PlotKind.SMOOTH)
_DIGITS = 5
_NEGLIGIBLE = 1e-6
_LARGEST, _SMALLEST = Decimal("1e12"), Decimal("1e-9")


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart, and the names of its lines in their order; an empty text where it cannot be drawn so."""

    text: str = ""
    lines: tuple[str, ...] = ()
    part: tuple[float, float] | None = None


def render_chart(plot: PlotRow) -> Chart:
    """The chart of the first line of base and of head, over the part of x that both have."""
    series = _first_lines(plot) if plot.kind in LINES else ()
    lines = [number_points(one) for one in series]
    if not lines or any(len(line) < 2 or not is_rising(line) for line in lines):
        return Chart()
    start, end = max(line[0][0] for line in lines), min(line[-1][0] for line in lines)
    if start >= end:
        return Chart()
    count = min(STEPS, max(len(line) for line in lines))
    drawn = [resample(line, start=start, end=end, count=count) for line in lines]
    text = _write(plot, start, end, drawn)
    whole = all((line[0][0], line[-1][0]) == (start, end) for line in lines)
    names = tuple(f"{one.side} {one.name}".strip() for one in series)
    return Chart(text=text, lines=names, part=None if whole else (start, end)) if text else Chart()


def _first_lines(plot: PlotRow) -> tuple[Series, ...]:
    """One line of each side, of the same name; head's first one where there are several."""
    names = [one.name for one in plot.series if one.side == "head"] or [one.name for one in plot.series]
    return tuple(one for one in plot.series if one.name == names[0])[:2] if names else ()


def _write(plot: PlotRow, start: float, end: float, lines: Sequence[Numbers]) -> str:
    low, high = _widened(min(map(min, lines)), max(map(max, lines)))
    numbers = [plain_number(value) for value in (start, end, low, high)]
    nothing = (high - low) * _NEGLIGIBLE
    rows = [[plain_number(value if abs(value) > nothing else 0.0) for value in line] for line in lines]
    if None in numbers or any(None in row for row in rows) or numbers[0] == numbers[1] or numbers[2] == numbers[3]:
        return ""
    return "\n".join(
        [
            "xychart-beta",
            f'    x-axis "{label(plot.x or "x")}" {numbers[0]} --> {numbers[1]}',
            f'    y-axis "{label(plot.y or "y")}" {numbers[2]} --> {numbers[3]}',
            *(f"    line [{', '.join(str(value) for value in row)}]" for row in rows),
        ]
    )


def _widened(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def plain_number(value: float) -> str | None:
    """The number with at most five significant digits and no exponent; None where that would be long or nothing."""
    rounded = Decimal(f"{value:.{_DIGITS}g}")
    if rounded and not _SMALLEST <= abs(rounded) <= _LARGEST:
        return None
    text = f"{rounded:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
