"""Drift on data that people measured: halves drawn at random are calm, halves in the order of collection differ."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from mlops_kit.adapters.profiles import DuckProfiler
from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.judge import judge_drift
from mlops_kit.core.drift.profile import DataFile, DataSet
from mlops_kit.core.drift.report import DriftReport

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def compare(folder: Path, old: pd.DataFrame, new: pd.DataFrame) -> DriftReport:
    """Both written as files, read and judged."""
    profiles = []
    for name, table in (("old", old), ("new", new)):
        path = folder / f"{name}.parquet"
        table.to_parquet(path, index=False)
        file = DataFile(place=path, name=path.name)
        profiles.append(DuckProfiler().profile(DataSet(name=name, files=(file,))))
    return judge_drift(profiles[0], profiles[1], DriftPolicy(), now=NOW)


def halves(table: pd.DataFrame, order: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    middle = len(table) // 2
    return table.iloc[order[:middle]], table.iloc[order[middle:]]


def digits() -> pd.DataFrame:
    """Handwritten digits, writer after writer: the later ones are other people."""
    return datasets.load_digits(as_frame=True).frame


def test_halves_of_digits_drawn_at_random_are_calm(tmp_path: Path) -> None:
    table = digits()
    report = compare(tmp_path, *halves(table, np.random.default_rng(1).permutation(len(table))))
    alarmed = [row.name for row in report.columns if row.answer in {"warn", "fail"}]
    assert (report.verdict, alarmed) == ("ok", [])


def test_other_writers_are_noticed_although_the_digits_are_the_same(tmp_path: Path) -> None:
    table = digits()
    report = compare(tmp_path, *halves(table, np.arange(len(table))))
    alarmed = {row.name for row in report.columns if row.answer in {"warn", "fail"}}
    assert alarmed == {"pixel_0_3", "pixel_1_4", "pixel_6_3", "pixel_7_4"}


@pytest.mark.parametrize("name", ["iris", "wine", "diabetes"])
def test_data_of_a_few_hundred_rows_concludes_nothing(tmp_path: Path, name: str) -> None:
    table = getattr(datasets, f"load_{name}")(as_frame=True).frame
    assert compare(tmp_path, *halves(table, np.arange(len(table)))).verdict == "inconclusive"


def test_a_feature_that_is_measured_in_another_unit_drifts(tmp_path: Path) -> None:
    table = datasets.load_breast_cancer(as_frame=True).frame
    inches = table.assign(**{"mean radius": table["mean radius"] / 2.54})
    report = compare(tmp_path, table, inches)
    assert [row.name for row in report.columns if row.answer == "fail"] == ["mean radius"]
