"""What a gate against live answers where both models were scored on the same data."""

from dataclasses import replace

import pytest

from mlops_kit.core.review.cells import Cell
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.evaluation import Evaluation, ScoreRow
from mlops_kit.core.types import Answer, GateAnswer
from tests.unit.review.test_gates import answer, file, gate

DROP, RISE = gate(**{"max-drop": 0.01, "against": "live"}), gate(**{"max-rise": 0.01, "against": "live"})


def evaluation(*rows: ScoreRow) -> Evaluation:
    return Evaluation(environment="staging", model="churn", live="md5:a", candidate="md5:b", scores=rows)


def score(live: Cell, candidate: Cell, span: tuple[float, float] | None = None, *, path: str = "m.json") -> ScoreRow:
    low, high = span or (None, None)
    return ScoreRow(path=path, key="acc", live=live, candidate=candidate, low=low, high=high, rows=200 if span else 0)


def judge(rule: object, *rows: ScoreRow, noise: float = 0.0, **more: object) -> GateAnswer:
    """Head recorded 0.5 and the live version 0.9 on other data: by the records every drop is too much."""
    head, live = (file(acc=0.5),), (file(acc=0.9),)
    more = {"live": live, **more}
    (found,) = answer(rule, head, live, noise=noise, evaluations=(evaluation(*rows),), **more)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("live", "candidate", "span", "expected"),
    [
        (0.80, 0.80, None, Answer.PASS),
        (0.80, 0.79, None, Answer.PASS),
        (0.80, 0.78, None, Answer.FAIL),
        (0.80, 0.85, (0.02, 0.08), Answer.PASS),
        (0.80, 0.80, (0.0, 0.0), Answer.PASS),
        (0.80, 0.81, (-0.005, 0.03), Answer.PASS),  # all of it within the limit of 0.01
        (0.80, 0.81, (-0.02, 0.04), Answer.INCONCLUSIVE),  # better by luck
        (0.80, 0.795, (-0.03, 0.02), Answer.INCONCLUSIVE),  # within the limit by luck
        (0.80, 0.78, (-0.05, 0.01), Answer.INCONCLUSIVE),  # worse by chance
        (0.80, 0.78, (-0.05, -0.01), Answer.INCONCLUSIVE),  # the limit itself is possible
        (0.80, 0.70, (-0.15, -0.05), Answer.FAIL),
    ],
)
def test_the_interval_decides_whether_luck_explains_the_answer(
    live: float, candidate: float, span: tuple[float, float] | None, expected: Answer
) -> None:
    found = judge(DROP, score(live, candidate, span))
    assert found.answer is expected, found.message
    assert "on the same data" in found.message
    assert ("200 rows" in found.message) is (span is not None)


def test_a_rise_is_the_other_direction() -> None:
    assert judge(RISE, score(0.2, 0.1, (-0.15, -0.05))).answer is Answer.PASS
    assert judge(RISE, score(0.2, 0.205, (-0.01, 0.03))).answer is Answer.INCONCLUSIVE
    assert judge(RISE, score(0.2, 0.3, (0.05, 0.15))).answer is Answer.FAIL


def test_noise_is_allowed_beyond_the_limit_for_the_number_and_for_the_interval() -> None:
    assert judge(DROP, score(0.80, 0.80, (-0.012, 0.01)), noise=0.002).answer is Answer.PASS
    assert judge(DROP, score(0.80, 0.80, (-0.013, 0.01)), noise=0.002).answer is Answer.INCONCLUSIVE
    assert judge(DROP, score(0.80, 0.789), noise=0.002).answer is Answer.INCONCLUSIVE


def test_percentages_are_of_what_the_live_model_scores_now() -> None:
    rule = gate(**{"max-drop": "5%", "against": "live"})
    assert judge(rule, score(0.2, 0.19)).answer is Answer.PASS
    assert judge(rule, score(0.2, 0.189)).answer is Answer.FAIL


@pytest.mark.parametrize("value", ["NaN", None, True, "0.8"])
def test_a_score_that_is_no_number_is_not_evaluable_on_either_side(value: Cell) -> None:
    for row, side in ((score(value, 0.8), "the live model"), (score(0.8, value), "the candidate")):
        found = judge(DROP, row)
        assert found.answer is Answer.NOT_EVALUABLE
        assert side in found.message


def test_absolute_limits_and_gates_against_base_are_as_before() -> None:
    both = gate(**{"min": 0.6, "max-drop": 0.01, "against": "live"})
    assert judge(both, score(0.8, 0.9)).answer is Answer.FAIL
    assert judge(gate(**{"max-drop": 0.01}), score(0.8, 0.9)).answer is Answer.FAIL


def test_scores_count_although_what_was_recorded_of_the_live_version_is_lost() -> None:
    assert judge(DROP, score(0.8, 0.9), live=None, live_error="the commit is gone").answer is Answer.PASS


def test_a_metric_of_another_file_counts_only_where_head_has_its_key_once() -> None:
    other = score(0.8, 0.9, path="scores.json")
    assert judge(DROP, other).answer is Answer.PASS
    assert judge(DROP, other, replace(other, path="more.json")).answer is Answer.FAIL
    two = (file("a.json", acc=0.5), file("b.json", acc=0.5))
    rule = gate(**{"metric": "a.json:acc", "max-drop": 0.01, "against": "live"})
    (found,) = answer(rule, two, None, live=(file("a.json", acc=0.9),), evaluations=(evaluation(other),))
    assert found.answer is Answer.FAIL


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Obstacle.DATA, Answer.PASS), (Obstacle.SEED, Answer.PASS), (Obstacle.SCRIPT, Answer.NOT_EVALUABLE)],
)
def test_of_what_differs_a_script_alone_hinders_two_that_were_scored_together(kind: Obstacle, expected: Answer) -> None:
    row = ObstacleRow(path="m.json", stage="evaluate", kind=kind, name="x", old="md5:1", new="md5:2", against="live")
    rule = gate(**{"max-drop": 0.01, "against": "live", "require-comparable": True})
    assert judge(rule, score(0.8, 0.9), obstacles=(row,)).answer is expected
