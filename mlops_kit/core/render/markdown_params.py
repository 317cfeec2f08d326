"""Params that differ."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.markdown_table import name_cell, table, value_cell
from mlops_kit.core.review.report import Report


def param_blocks(report: Report) -> Iterator[Block]:
    """A row per param."""
    several = len({row.path for row in report.params}) > 1
    rows = tuple(
        f"| {name_cell(row.path, row.key, several=several)} | {value_cell(row.old)} | {value_cell(row.new)} |"
        for row in report.params
    )
    if rows:
        yield table(Rank.PARAMS, "#### Params", ("| param | base | head |", "|:--|--:|--:|"), rows, more="params")
