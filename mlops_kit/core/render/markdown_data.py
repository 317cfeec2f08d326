"""Data that changed, and the columns of its tables, for the comment."""

from collections.abc import Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.data_words import show_data_change, show_data_files, show_data_size, show_table_rows
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.markdown_table import folded, table
from mlops_kit.core.render.values import count
from mlops_kit.core.review.data import ColumnRow, DataRow
from mlops_kit.core.review.report import Report

_HEAD = ("| data | change | size | files | rows | |", "|:--|:--|--:|--:|--:|:--|")
_COLUMN_HEAD = ("| column | base | head |", "|:--|:--|:--|")


def data_blocks(report: Report) -> Iterator[Block]:
    """A row for each path, then the columns that differ of each table, folded."""
    if not report.data:
        return
    rows = tuple(_row(found) for found in report.data)
    yield table(Rank.DATA, "#### Data", _HEAD, rows, more="paths")
    for found in report.data:
        if found.columns:
            rows = tuple(_column(column) for column in found.columns)
            yield folded(Rank.SAME_METRICS, _title(found), _COLUMN_HEAD, rows, more="columns")


def _row(row: DataRow) -> str:
    return (
        f"| {cell(row.path)} | {show_data_change(row)} | {show_data_size(row)} | {show_data_files(row)} "
        f"| {show_table_rows(row)} | {prose(row.note, limit=MESSAGE_LIMIT)} |"
    )


def _title(row: DataRow) -> str:
    verb = "differs" if len(row.columns) == 1 else "differ"
    return f"{count(row.columns, 'column')} of {cell(row.path)} {verb}"


def _column(column: ColumnRow) -> str:
    old, new = (cell(side) if side else "none" for side in (column.old, column.new))
    return f"| {cell(column.name)} | {old} | {new} |"
