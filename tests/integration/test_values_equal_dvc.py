"""Any two contents of a metrics or params file: the differences are those that DVC's own functions compute."""

import json
import math
from collections.abc import Iterable

import pytest
from dvc.dependency.param import read_param_file
from dvc.fs import LocalFileSystem
from dvc.repo.metrics.show import _extract_metrics
from dvc.utils.diff import diff, format_dict
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.config import default_config
from mlops_kit.core.pipeline.values import metric_values, param_values
from mlops_kit.core.review.metrics import MetricRow, compare_metrics
from mlops_kit.core.review.params import ParamRow, compare_params

PATH = "m.json"
names = st.sampled_from(["a", "b", "c/d", "x-y", "", " ", "ü", "a:"])
leaves = st.none() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["", "x", "0.5", "[1]", "{"])
contents = st.recursive(
    leaves | st.lists(leaves, max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
mappings = st.dictionaries(names, contents, max_size=4)
Found = set[tuple[str, str, str]]


def by_dvc(old: object, new: object) -> Found:
    """DVC's rows, from what it has read on both sides."""
    sides = ({PATH: {"data": side}} for side in (old, new))
    rows = diff(*(format_dict(side) for side in sides)).get(PATH, {})
    return {(str(key), show(row["old"]), show(row["new"])) for key, row in rows.items()}


def by_kit(rows: Iterable[MetricRow | ParamRow]) -> Found:
    return {(row.key, show(row.old), show(row.new)) for row in rows if row.old != row.new}


def show(value: object) -> str:
    """Numbers that are equal read alike, and infinity by its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(float(value)) if isinstance(value, int) and abs(value) < 2**53 else str(value)


@settings(deadline=None, max_examples=150)
@given(old=mappings, new=mappings)
def test_metrics_differ_where_dvc_says_so(old: dict[str, object], new: dict[str, object]) -> None:
    ours = compare_metrics((metric_values(PATH, old),), (metric_values(PATH, new),), default_config())
    expected = by_dvc(_extract_metrics(old, PATH) or {}, _extract_metrics(new, PATH) or {})
    assert by_kit(ours) == expected


@settings(deadline=None, max_examples=150)
@given(old=mappings, new=mappings)
def test_params_differ_where_dvc_says_so(old: dict[str, object], new: dict[str, object]) -> None:
    ours = compare_params((param_values(PATH, old),), (param_values(PATH, new),))
    assert by_kit(ours) == by_dvc(old, new)


plain = st.sampled_from(["a", "b", "c/d"])
nested = st.recursive(
    st.integers() | st.just([1, "x"]) | st.none(),
    lambda inner: st.dictionaries(plain, inner, max_size=3),
    max_leaves=8,
)


def keep_apart(wanted: list[str]) -> list[str]:
    """The keys without those inside another one: DVC repeats the elements of a list that two keys select."""
    kept: list[str] = []
    for key in sorted(set(wanted)):
        if not any(key.startswith(f"{outer}.") for outer in kept):
            kept.append(key)
    return kept


keys = st.lists(st.lists(plain, min_size=1, max_size=3).map(".".join), min_size=1, max_size=3).map(keep_apart)


@settings(deadline=None, max_examples=150)
@given(content=st.dictionaries(plain, nested, max_size=3), wanted=keys)
def test_keys_select_what_dvc_selects(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object], wanted: list[str]
) -> None:
    place = tmp_path_factory.getbasetemp() / "params.json"
    place.write_text(json.dumps(content))
    selected = read_param_file(LocalFileSystem(), str(place), wanted)
    ours = compare_params((), (param_values(PATH, content, wanted),))
    assert by_kit(ours) == by_dvc({}, selected)
