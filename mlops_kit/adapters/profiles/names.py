"""The names of columns, checked: each once in a file, and the same ones in all files of a table."""

from collections import Counter
from collections.abc import Sequence

from mlops_kit.core.drift.profile import DataFile
from mlops_kit.core.errors import InputError, Location

COLUMN_LIMIT = 20_000
"""Columns of the widest table."""
_SHOWN = 5


def check_names(names: Sequence[str], file: DataFile) -> None:
    """InputError where a file has no column, too many, or two of one name."""
    place = Location(file=file.name)
    if not names:
        raise InputError("has no column", location=place)
    if len(names) > COLUMN_LIMIT:
        raise InputError(f"has {len(names):,} columns; at most {COLUMN_LIMIT:,} are read", location=place)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        message = f"has more than one column {show_names(twice)}"
        raise InputError(message, hint="give each column a name of its own", location=place)


def check_same_names(names: Sequence[str], file: DataFile, expected: Sequence[str], first: DataFile) -> None:
    """InputError where two files of a table differ in their columns or in the order of them."""
    if tuple(names) == tuple(expected):
        return
    missing = [name for name in expected if name not in set(names)]
    extra = [name for name in names if name not in set(expected)]
    parts = [f"has no column {show_names(missing)}"] * bool(missing)
    parts += [f"has a column {show_names(extra)} of its own"] * bool(extra)
    message = " and ".join(parts) or "has its columns in another order"
    hint = "write all files of a table with the same columns"
    raise InputError(f"{message}; compared with {first.name}", hint=hint, location=Location(file=file.name))


def show_names(names: Sequence[str]) -> str:
    """Names of columns for a message: quoted, cut, and not too many."""
    shown = ", ".join(repr(name[:80]) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"
