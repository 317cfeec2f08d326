"""Profiles as tests write them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mlops_kit.core.drift.profile import ColumnProfile, DataFile, DataProfile, DataSet, Family, Numbers, TableFormat


def table(*columns: ColumnProfile, kind: TableFormat = TableFormat.CSV) -> DataProfile:
    source = DataSet(name="a.csv", files=(DataFile(place=Path("a.csv"), name="a.csv"),))
    return DataProfile(source=source, format=kind, rows=columns[0].rows if columns else 0, columns=columns)


def numbers(name: str, low: float, high: float, *, rows: int = 1000, whole: bool = False, **more: int) -> ColumnProfile:
    """A column of numbers from low to high, each of which is another one where `whole`."""
    sample = np.array([low, low / 2 + high / 2, high])
    return ColumnProfile(
        name=name,
        type="BIGINT" if whole else "DOUBLE",
        family=Family.NUMBER,
        rows=rows,
        missing=more.get("missing", 0),
        distinct=more.get("distinct", 11),
        numbers=Numbers(minimum=low, maximum=high, infinite=more.get("infinite", 0), sample=sample),
    )


def texts(name: str, counts: Mapping[str, int], *, missing: int = 0, distinct: int | None = None) -> ColumnProfile:
    """A column of texts, all of which are counted where `distinct` is left out."""
    present = sum(counts.values())
    return ColumnProfile(
        name=name,
        type="VARCHAR",
        family=Family.TEXT,
        rows=present + missing,
        missing=missing,
        distinct=len(counts) if distinct is None else distinct,
        counts=counts,
        counted=present if distinct is None else 0,
    )
