"""The trials of the sweep that a change comes from."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import prose
from mlops_kit.core.render.sweep import sweep_table
from mlops_kit.core.render.sweep_rows import summarise_sweep
from mlops_kit.core.review.report import Report


def sweep_blocks(report: Report) -> Iterator[Block]:
    """A row per trial, the best first."""
    if report.sweep is None or not report.sweep.trials:
        return
    head, rows = sweep_table(report.sweep)
    told = (f"<sub>{prose(line)}</sub>" for line in summarise_sweep(report.sweep))
    before = ("#### Sweep", "", *head)
    yield Block(rank=Rank.SWEEP, before=before, rows=rows, after=("", *told, ""), more="trials")
