"""How data changed, in the words that markdown and a terminal share."""

from collections.abc import Callable

from mlops_kit.core.render.values import MISSING, show_size
from mlops_kit.core.review.data import DataRow


def show_data_change(row: DataRow) -> str:
    """`new`, `removed`, `changed`, or `moved` where the bytes are the same."""
    return "moved" if row.old and row.old == row.new else row.change


def show_data_size(row: DataRow) -> str:
    """The bytes of base and head, with their difference."""
    return _show_pair(row.old_bytes, row.new_bytes, show_size)


def show_table_rows(row: DataRow) -> str:
    """The table's rows in base and head, with their difference; empty where it is no table."""
    return _show_pair(row.old_rows, row.new_rows, _number)


def show_data_files(row: DataRow) -> str:
    """How many files of a folder are new, gone and other than before, else how many there are; empty for a file."""
    counts = (("added", row.added_files), ("removed", row.removed_files), ("changed", row.changed_files))
    told = ", ".join(f"{_number(amount)} {word}" for word, amount in counts if amount)
    if told:
        known = row.new_files
        return told if known is None else f"{_number(known)} ({told})"
    if {row.old_files, row.new_files} <= {None, 1}:
        return ""
    return _show_pair(row.old_files, row.new_files, _number)


def _show_pair(old: int | None, new: int | None, show: Callable[[int], str]) -> str:
    if old is None and new is None:
        return ""
    if old is None or new is None:
        return f"{_one(old, show)} → {_one(new, show)}"
    if old == new:
        return show(new)
    sign = "+" if new > old else "-"
    return f"{show(old)} → {show(new)} ({sign}{show(abs(new - old))})"


def _one(amount: int | None, show: Callable[[int], str]) -> str:
    return MISSING if amount is None else show(amount)


def _number(amount: int) -> str:
    return f"{amount:,}"
