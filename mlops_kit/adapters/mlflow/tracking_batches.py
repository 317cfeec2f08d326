"""Cuts what is logged of a run into calls that MLflow takes: so many names and so many characters each."""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import TypeVar

from mlops_kit.core.tracking import RunData

Item = TypeVar("Item", str, float)
PARAMS, TAGS, METRICS = 100, 100, 800
"""Names of each sort in one call; MLflow takes 100, 100 and 1,000, and 1,000 of all."""
TEXT, NUMBERS = 250_000, 400_000
"""Characters of JSON that params, tags and metrics may take in one call; MLflow takes 1,000,000 in all."""
_AROUND = 100
"""Characters that a name and a value have around them, a metric's time included."""


def batches(data: RunData) -> Iterator[RunData]:
    """The data in as few parts as the limits allow; nothing where there is none."""
    parts = zip_longest(
        _cut(data.params, PARAMS, TEXT),
        _cut(data.tags, TAGS, TEXT),
        _cut(data.metrics, METRICS, NUMBERS),
    )
    for params, tags, metrics in parts:
        yield RunData(params=params or {}, tags=tags or {}, metrics=metrics or {})


def _cut(items: Mapping[str, Item], count: int, size: int) -> Iterator[dict[str, Item]]:
    part: dict[str, Item] = {}
    used = 0
    for name, value in items.items():
        cost = len(json.dumps([name, value])) + _AROUND
        if part and (len(part) == count or used + cost > size):
            yield part
            part, used = {}, 0
        part[name] = value
        used += cost
    if part:
        yield part
