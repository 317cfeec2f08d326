"""core/review/tracked_names.py, held against MLflow's own rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.review.tracked_names import NAME_LIMIT, fit_name, fit_text

KEPT = ["lr", "train.lr", "m.json:acc", "a b", "sub/dvc.yaml:train", "ümläut", "-", "x_y"]
HOSTILE = ["", ".", "..", "/", "a/", "a//b", "../../etc", "./a", "a\nb", "a=b", "$(id)", "x" * 251, "\ud800", "a/../b"]


@pytest.mark.parametrize("name", KEPT)
def test_a_name_that_mlflow_takes_stays(name: str) -> None:
    assert fit_name(name) == name


def test_a_stage_of_a_group_reads_well() -> None:
    assert fit_name("train@us") == "train:us"


def check_name(name: str, limit: int) -> None:
    from mlflow.utils import validation

    validation._validate_metric_name(name)
    validation._validate_param_name(name)
    validation._validate_tag_name(name)
    assert 0 < len(name) <= limit


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_becomes_one_that_mlflow_takes(name: str) -> None:
    check_name(fit_name(name), NAME_LIMIT)


@given(st.text(max_size=400), st.sampled_from([NAME_LIMIT, 200]))
def test_any_name_becomes_one_that_mlflow_takes(name: str, limit: int) -> None:
    check_name(fit_name(name, limit=limit), limit)
    check_name(f"stage.{fit_name(name, limit=limit - 20)}.seconds", limit)


@given(st.lists(st.text(alphabet="a$/.\n", max_size=6), min_size=2, max_size=2, unique=True))
def test_two_names_stay_two(names: list[str]) -> None:
    assert fit_name(names[0]) != fit_name(names[1])


def test_a_text_is_cut_and_cleaned() -> None:
    assert fit_text("a\0\ud800b") == "a�?b"
    assert fit_text("x" * 9, limit=4) == "xxx…"
