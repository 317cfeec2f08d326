"""What scoring two models wrote, side by side: which metrics get an interval, and why others do not."""

import math

import pytest

from mlops_kit.core.errors import StageFailedError
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.evaluation import ScoreRow
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.review.scores import Compared, Scored, compare_scores, parse_rows

HALF = (1.0, 0.0) * 10
MOST = (1.0,) * 15 + (0.0,) * 5


def scored(accuracy: Value, *rows: float, **more: Value) -> Scored:
    file = MetricFile(path="m.json", values={"acc": accuracy, **more})
    return Scored(files=(file,), rows={"acc": rows} if rows else {})


def compare(live: Scored, candidate: Scored) -> tuple[ScoreRow, Compared]:
    found = compare_scores(live, candidate)
    return found.scores[0], found


def test_a_metric_with_scores_by_row_has_an_interval_around_its_difference() -> None:
    row, found = compare(scored(0.5, *HALF), scored(0.75, *MOST))
    assert (row.path, row.key, row.live, row.candidate, row.rows) == ("m.json", "acc", 0.5, 0.75, 20)
    assert row.difference == 0.25
    assert row.low is not None
    assert row.high is not None
    assert row.low < 0.25 < row.high
    assert found.notes == ()


def test_metrics_without_scores_by_row_are_compared_by_their_numbers_alone() -> None:
    row, found = compare(scored(0.5), scored(0.75, auc=0.9))
    assert (row.low, row.high, row.rows) == (None, None, 0)
    assert [(one.key, one.live, one.candidate) for one in found.scores] == [("acc", 0.5, 0.75), ("auc", None, 0.9)]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("live", "candidate", "said"),
    [
        (scored(0.5, *HALF), scored(0.75), "only the live model has scores by row"),
        (scored(0.5), scored(0.75, *MOST), "only the candidate has scores by row"),
        (scored(0.5, *HALF), scored(1.0, *(1.0,) * 19), "20 of the live model, 19 of the candidate"),
        (scored(0.5, *HALF[:8]), scored(1.0, *(1.0,) * 8), "8 rows are too few, it takes 20"),
        (scored(0.5, *HALF[:-1], math.nan), scored(0.75, *MOST), "row 20 of the live model is no finite number"),
        (scored(0.5, *HALF), scored(0.75, math.inf, *MOST[1:]), "row 1 of the candidate is no finite number"),
        (scored(0.52, *HALF), scored(0.75, *MOST), "rows of the live model is 0.5, and the metric 0.52"),
    ],
)  # fmt: skip
def test_rows_that_tell_nothing_of_the_metric_are_named(live: Scored, candidate: Scored, said: str) -> None:
    row, found = compare(live, candidate)
    assert (row.low, row.high) == (None, None)
    (note,) = found.notes
    assert note.startswith("acc has no interval: ")
    assert said in note


def test_a_metric_may_be_rounded_as_it_was_written() -> None:
    third = (1.0, 0.0, 0.0) * 7
    for written in (0.3333, 0.33, 1 / 3):
        row, _ = compare(scored(written, *third), scored(written, *third))
        assert (row.low, row.high) == (0.0, 0.0)
    row, _ = compare(scored(0.3343, *third), scored(0.3343, *third))
    assert row.low is None


@pytest.mark.parametrize("value", [math.nan, math.inf, "0.9", True, None])
def test_what_is_no_finite_number_has_no_difference(value: Value) -> None:
    row, found = compare(scored(0.5, *HALF), scored(value, *MOST))
    assert row.difference is None
    assert row.candidate == {"nan": "NaN", "inf": "Infinity"}.get(str(value), value)
    assert (row.low, found.notes) == (None, ())


def test_columns_that_are_no_metric_are_left_alone_and_text_is_not_a_number() -> None:
    text = "\ufeffid,acc,note\na,1,x\nb,0.5,\n\nc,none,y\n"
    found = parse_rows(text.encode(), ["acc", "auc"], file="rows.csv")
    assert list(found) == ["acc"]
    assert found["acc"][:2] == (1.0, 0.5)
    assert math.isnan(found["acc"][2])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "rows.csv is no table: it is empty"),
        (b"a,acc\n1,2\n3\n", "rows.csv is no table: row 2 has 1 of 2 columns"),
        (b"acc\n\xff\n", "rows.csv is no CSV file in UTF-8"),
        (b'acc\n"1\n', "rows.csv is no CSV file in UTF-8"),
    ],
)
def test_a_file_that_is_no_table_fails_the_scoring(data: bytes, said: str) -> None:
    with pytest.raises(StageFailedError, match=said):
        parse_rows(data, ["acc"], file="rows.csv")
