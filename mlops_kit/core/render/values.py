"""Numbers and differences as people read them; the same in markdown and on a terminal."""

from collections.abc import Sized

from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.metrics import MetricRow, exact, is_number, show_number
from mlops_kit.core.types import Digest

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


def count(things: Sized, noun: str) -> str:
    """`1 metric`, `2 metrics`."""
    return f"{len(things)} {noun}" if len(things) == 1 else f"{len(things)} {noun}s"


def show_size(size: int) -> str:
    """Bytes with a binary unit and three significant digits."""
    amount, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1000:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.3g} {unit}"


def show_usage(cpu_seconds: float | None, memory_bytes: int | None, gpu_memory_bytes: int | None) -> str:
    """`12.3 s CPU, 1.2 GiB, GPU 3 GiB`, without the parts that are not known."""
    parts = (
        "" if cpu_seconds is None else f"{cpu_seconds:.1f} s CPU",
        "" if memory_bytes is None else show_size(memory_bytes),
        "" if gpu_memory_bytes is None else f"GPU {show_size(gpu_memory_bytes)}",
    )
    return ", ".join(part for part in parts if part)


def show_digest(text: str, *, missing: str = MISSING) -> str:
    """A digest by its algorithm and first eight characters; what is none, such as a registry's number, as it is."""
    try:
        digest = Digest.parse(text)
    except ValueError:
        return text or missing
    return f"{digest.algorithm}:{digest.short}"


def show_difference(row: MetricRow) -> str:
    """Head minus base with its sign, computed on the decimal digits, with a percentage where base is not 0."""
    old, new = row.old, row.new
    if not isinstance(old, int | float) or not isinstance(new, int | float) or row.diff is None or not is_number(old):
        return ""
    difference = exact(new) - exact(old)
    if difference == 0:
        return "0"
    share = f" ({difference / abs(exact(old)) * 100:+.1f} %)" if old else ""
    sign = "+" if difference > 0 else ""
    return f"{sign}{show_number(difference)}{share}"
