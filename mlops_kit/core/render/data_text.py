"""Data that changed, and the columns of its tables, as rows of text for a terminal."""

from collections.abc import Iterator

from mlops_kit.core.render.data_words import show_data_change, show_data_files, show_data_size, show_table_rows
from mlops_kit.core.review.report import Report


def data_rows(report: Report) -> Iterator[tuple[str, ...]]:
    """A row for each path; its columns are one row each below it."""
    for row in report.data:
        size, files, rows = show_data_size(row), show_data_files(row), show_table_rows(row)
        yield (
            row.path,
            show_data_change(row),
            _plain("", size),
            _plain("files ", files),
            _plain("rows ", rows),
            row.note,
        )
        for column in row.columns:
            yield f"  {column.name}", "column", f"{column.old or 'none'} -> {column.new or 'none'}", "", "", ""


def _plain(word: str, amount: str) -> str:
    """An amount with what it counts, in letters that every terminal has."""
    return f"{word}{amount}".replace("→", "->") if amount else ""
