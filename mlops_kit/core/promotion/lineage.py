"""What a registry is told about a version besides its bytes: numbers of its commit, and the way back to it."""

from collections.abc import Iterable
from itertools import islice
from typing import TypeGuard

from mlops_kit.core.pipeline.values import Value, ValueFile
from mlops_kit.core.review.metrics import is_finite
from mlops_kit.core.review.tracked_names import PARAM_LIMIT, fit_name, fit_text, name_values, show_param
from mlops_kit.core.tracking import Lineage, RunData
from mlops_kit.core.types import PromotionRecord

VALUES_LIMIT = 1_000
"""Metrics, and params, that are told; what is beyond is left out."""


def describe_lineage(
    record: PromotionRecord, *, page: str, metrics: Iterable[ValueFile] = (), params: Iterable[ValueFile] = ()
) -> Lineage:
    """What led to a record's version; `page` is the address of its repository's page, empty where it has none."""
    numbers = {fit_name(name): float(value) for name, value in _first(metrics) if _is_plottable(value)}
    texts = {fit_name(name): fit_text(show_param(value), limit=PARAM_LIMIT) for name, value in _first(params)}
    return Lineage(
        data=RunData(params=texts, metrics=numbers),
        commit_url=f"{page}/commit/{record.commit}" if page else "",
        description=" ".join(_sentences(record, page)),
    )


def _sentences(record: PromotionRecord, page: str) -> Iterable[str]:
    commit = record.commit[:8]
    yield f"From commit [{commit}]({page}/commit/{record.commit})" if page else f"From commit {commit}"
    if record.pull_request:
        number = f"#{record.pull_request}"
        yield f"by pull request [{number}]({page}/pull/{record.pull_request})" if page else f"by pull request {number}"
    yield f"for {record.environment}: {record.digest}."


def _first(files: Iterable[ValueFile]) -> Iterable[tuple[str, Value]]:
    known = (file for file in files if not file.error)
    return islice(name_values(known).items(), VALUES_LIMIT)


def _is_plottable(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and is_finite(value) and abs(value) < 2**1023
