"""Data sets as pandas has them, for detectors that keep all rows in memory."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.core.drift.judge import matches
from mlops_kit.core.drift.profile import DataProfile, TableFormat

if TYPE_CHECKING:
    import pandas as pd

ROWS = 100_000
"""Rows of a side that a detector gets, the first ones."""


def shared_columns(reference: DataProfile, current: DataProfile, ignored: Iterable[str]) -> list[str]:
    """The columns that both sides have and that are judged, in the reference's order."""
    known, patterns = {column.name for column in current.columns}, tuple(ignored)
    names = (column.name for column in reference.columns)
    return [name for name in names if name in known and not matches(name, patterns)]


def read_rows(profile: DataProfile) -> "pd.DataFrame":
    """The first rows of the files, in their order."""
    import pandas as pd

    parts: list[pd.DataFrame] = []
    for file in profile.source.files:
        left = ROWS - sum(len(part) for part in parts)
        if left <= 0:
            break
        parts.append(_read_file(file.place, profile)[:left])
    return pd.concat(parts, ignore_index=True)


def _read_file(place: Path, profile: DataProfile) -> "pd.DataFrame":
    import pandas as pd

    match profile.format:
        case TableFormat.PARQUET:
            return pd.read_parquet(place)
        case TableFormat.JSON_LINES:
            return pd.read_json(place, lines=True, nrows=ROWS)
        case TableFormat.CSV:
            return pd.read_csv(place, sep=profile.delimiter or ",", encoding=profile.encoding or None, nrows=ROWS)
