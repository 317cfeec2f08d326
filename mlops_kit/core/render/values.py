"""Numbers and differences as people read them; the same in markdown and on a terminal."""

from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.metrics import MetricRow, exact, is_number

MISSING = "n/a"
_DIGITS = 6


def show_value(value: Cell) -> str:
    """A value: numbers with at most six significant digits, whole numbers in full, texts as they are."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return str(value)


def show_difference(row: MetricRow) -> str:
    """Head minus base with its sign, computed on the decimal digits, with a percentage where base is not 0."""
    old, new = row.old, row.new
    if not isinstance(old, int | float) or not isinstance(new, int | float) or row.diff is None or not is_number(old):
        return ""
    difference = exact(new) - exact(old)
    if difference == 0:
        return "0"
    share = f" ({difference / abs(exact(old)) * 100:+.1f} %)" if old else ""
    return f"{difference:+.{_DIGITS}g}{share}"
