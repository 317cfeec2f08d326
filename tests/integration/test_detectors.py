"""Detectors that packages offer: found by their entry point, heard, and told apart from the kit when they fail."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mlops_kit.core.config import DriftPolicy
from mlops_kit.core.drift.judge import judge_drift
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.detectors.catalog import open_detectors
from mlops_kit.detectors.evidently import read_remarks
from mlops_kit.detectors.nannyml import read_chunks
from tests.unit.drift.columns import numbers, table

PACKAGE = """
from mlops_kit.core.drift.detector import Remark
from mlops_kit.core.drift.report import DriftAnswer

class Careful:
    def __init__(self, policy):
        self.limit = policy.numeric.warn

    def detect(self, reference, current):
        for column in current.columns:
            told = {"statistic": "care", "message": "take care", "effect": self.limit}
            yield Remark(column=column.name, answer=DriftAnswer.WARN, **told)
        yield Remark(column="elsewhere", answer=DriftAnswer.OK, statistic="care", message="not here")

class Broken:
    def __init__(self, policy):
        pass

    def detect(self, reference, current):
        raise ZeroDivisionError("by <nothing>")
"""
POINTS = "careful = acme_detector:Careful\nbroken = acme_detector:Broken\nlost = acme_detector:Nothing\n"
CALM = table(numbers("x", np.random.default_rng(5).normal(size=800)))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_detector.py").write_text(PACKAGE)
    about = tmp_path / "acme_detector-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-detector\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[mlops_kit.detectors]\n{POINTS}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_detector", raising=False)


def policy(*names: str) -> DriftPolicy:
    return DriftPolicy.model_validate({"detectors": names})


@pytest.mark.usefixtures("installed")
def test_what_a_detector_says_counts_as_a_check_of_the_column() -> None:
    (detector,) = open_detectors(policy("careful")).values()
    report = judge_drift(CALM, CALM, policy("careful"), now=datetime.now(UTC), remarks=detector.detect(CALM, CALM))
    (column,) = report.columns
    assert (column.answer, column.message) == ("warn", "take care")
    assert [check.answer for check in column.checks] == ["ok", "ok", "warn"]
    assert column.checks[-1].effect == 0.1
    assert report.notes == ("elsewhere: not here",)


@pytest.mark.usefixtures("installed")
def test_a_detector_that_fails_is_named_and_no_bug_of_the_kit() -> None:
    (detector,) = open_detectors(policy("broken")).values()
    with pytest.raises(OutsideError, match="the detector 'broken' failed: ZeroDivisionError: by <nothing>"):
        detector.detect(CALM, CALM)


@pytest.mark.usefixtures("installed")
def test_a_detector_that_is_not_there_or_does_not_load_is_refused_before_anything_is_read() -> None:
    with pytest.raises(InputError, match=r"'lost' .* does not load"):
        open_detectors(policy("lost"))
    with pytest.raises(InputError, match="'whylogs' is not a detector") as found:
        open_detectors(policy("careful", "whylogs"))
    assert found.value.hint == "installed are: broken, careful, evidently, lost, nannyml"


EVIDENTLY = {
    "metrics": [
        {
            "metric_name": "DriftedColumnsCount(drift_share=0.5)",
            "config": {"type": "evidently:metric_v2:DriftedColumnsCount", "drift_share": 0.5},
            "value": {"count": 2.0, "share": 1.0},
        },
        {
            "metric_name": "ValueDrift(column=x,method=K-S p_value,threshold=0.05)",
            "config": {
                "type": "evidently:metric_v2:ValueDrift", "column": "x", "method": "K-S p_value", "threshold": 0.05,
            },
            "value": 0.015,
        },
        {
            "metric_name": "ValueDrift(column=y,method=Wasserstein distance (normed),threshold=0.1)",
            "config": {
                "type": "evidently:metric_v2:ValueDrift", "column": "y", "method": "Wasserstein distance (normed)",
                "threshold": 0.1,
            },
            "value": 0.04,
        },
    ],
    "tests": [],
}  # fmt: skip
"""What Evidently 0.7.23 answers, without its ids."""


def test_what_evidently_answers_is_at_most_a_warning() -> None:
    x, y = read_remarks(EVIDENTLY)
    assert (x.column, x.answer, x.effect, x.p_value) == ("x", "warn", None, 0.015)
    assert (y.column, y.answer, y.effect, y.p_value) == ("y", "ok", 0.04, None)


CHUNKS = [
    {("x", "jensen_shannon", "value"): 0.4, ("x", "jensen_shannon", "alert"): True},
    {("x", "jensen_shannon", "value"): 0.5, ("x", "jensen_shannon", "alert"): True},
    {("x", "jensen_shannon", "value"): 0.1, ("x", "jensen_shannon", "alert"): False},
]
"""What NannyML 0.13.1 answers, without its other columns."""


@pytest.mark.parametrize(("chunks", "answer"), [(CHUNKS, "warn"), (CHUNKS[1:], "ok"), (CHUNKS[2:], "ok")])
def test_what_nannyml_answers_is_a_warning_where_most_chunks_alarm(
    chunks: list[dict[tuple[str, str, str], object]], answer: str
) -> None:
    (x,) = read_chunks(["x"], chunks)
    assert (x.column, x.answer) == ("x", answer)


@pytest.mark.parametrize(("name", "product"), [("evidently", "Evidently"), ("nannyml", "NannyML")])
def test_without_its_library_it_is_told_what_to_install(name: str, product: str) -> None:
    (detector,) = open_detectors(policy(name)).values()
    with pytest.raises(InputError, match=f"needs {product}") as found:
        detector.detect(CALM, CALM)
    assert f"[{name}]" in found.value.hint
