"""The result as a table that pastes into markdown."""

from collections.abc import Sequence

from bench.cases import Row


def render_table(rows: Sequence[Row]) -> str:
    """A line per case: DVC's side, the kit's, their ratio, the goal, and whether it was met."""
    header = ("case", "dvc", "mlops-kit", "ratio", "goal", "met")
    lines = [(row.name, row.theirs, row.ours, row.ratio, row.goal, "yes" if row.met else "no") for row in rows]
    widths = [max(len(line[column]) for line in (header, *lines)) for column in range(len(header))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (header, rule, *lines))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |"
