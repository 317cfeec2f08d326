"""Profiles of made-up columns, as a reader of data would make them."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from mlops_kit.core.drift.profile import ColumnProfile, DataProfile, DataSet, Family, Floats, Numbers, TableFormat


def numbers(name: str, values: Sequence[float] | Floats, *, missing: int = 0, infinite: int = 0) -> ColumnProfile:
    """A column of numbers."""
    sample = np.sort(np.asarray(values, dtype=float))
    known = sample.size > 0
    return ColumnProfile(
        name=name,
        type="DOUBLE",
        family=Family.NUMBER,
        rows=sample.size + missing + infinite,
        missing=missing,
        distinct=len(set(sample.tolist())),
        numbers=Numbers(
            minimum=float(sample[0]) if known else None,
            maximum=float(sample[-1]) if known else None,
            mean=float(sample.mean()) if known else None,
            deviation=float(sample.std(ddof=1)) if sample.size > 1 else None,
            infinite=infinite,
            sample=sample,
        ),
        counts={f"{value:g}": count for value, count in Counter(sample.tolist()).most_common(1000)},
        counted=sample.size,
    )


def words(name: str, values: Iterable[str], *, missing: int = 0, kept: int = 1000) -> ColumnProfile:
    """A column of texts, of which the most frequent are kept."""
    found = Counter(values)
    rows = sum(found.values())
    return ColumnProfile(
        name=name,
        type="VARCHAR",
        family=Family.TEXT if rows else Family.EMPTY,
        rows=rows + missing,
        missing=missing,
        distinct=len(found),
        counts=dict(found.most_common(kept)),
        counted=rows,
        mean_length=sum(len(word) * count for word, count in found.items()) / rows if rows else None,
    )


def shares(name: str, rows: int, **values: float) -> ColumnProfile:
    """A column of texts with these shares of rows."""
    return words(name, (word for word, share in values.items() for _ in range(round(rows * share))))


def table(*columns: ColumnProfile, name: str = "data.csv", delimiter: str = ",") -> DataProfile:
    """A table of columns."""
    return DataProfile(
        source=DataSet(name=name, files=(), digest="md5:0cc175b9c0f1b6a831c399e269772661"),
        format=TableFormat.CSV,
        rows=max((column.rows for column in columns), default=0),
        columns=columns,
        delimiter=delimiter,
    )
