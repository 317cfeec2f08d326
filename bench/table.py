"""The result as a table that pastes into markdown."""

from collections.abc import Sequence

from bench.pairs import Pair


def render_table(pairs: Sequence[Pair]) -> str:
    """A row per case: seconds of DVC and of the kit, and how many times faster that is."""
    header = ("case", "dvc repro [s]", "mlops-kit [s]", "ratio")
    rows = [(pair.name, f"{pair.dvc:.1f}", f"{pair.kit:.1f}", f"{pair.dvc / pair.kit:.1f} x") for pair in pairs]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(row, widths) for row in (header, rule, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
