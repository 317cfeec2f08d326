"""A gate's answers, each picture one line: head value, base value, rule, answer."""

import math

import pytest

from mlops_kit.core.config import Config, Environment, Gate, Goal, MetricPolicy
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.comparability import Obstacle, ObstacleRow
from mlops_kit.core.review.gates import (
    GateInputs,
    Verdict,
    describe_rule,
    evaluate_gates,
    gated_obstacles,
    judge_answers,
    may_be_noise,
)
from mlops_kit.core.review.metrics import MetricFile
from mlops_kit.core.types import Answer, EnvironmentName, GateAnswer

STAGING = EnvironmentName("staging")


def file(path: str = "m.json", error: str = "", dropped: tuple[str, ...] = (), **values: Value) -> MetricFile:
    return MetricFile(path=path, values=values, error=error, dropped=dropped)


def gate(**limits: object) -> Gate:
    written = {name.replace("_", "-"): value for name, value in limits.items()}
    return Gate.model_validate({"metric": "acc", **written})


def answer(
    rule: Gate,
    head: tuple[MetricFile, ...],
    base: tuple[MetricFile, ...] | None = (),
    *,
    noise: float = 0.0,
    **more: object,
) -> list[GateAnswer]:
    config = Config(version=1, metrics={"*": MetricPolicy(goal=Goal.MAXIMIZE, noise=noise)})
    values = GateInputs(head=head, base=base, **more)  # type: ignore[arg-type]
    return list(evaluate_gates(STAGING, Environment(branch="staging", gates=(rule,)), config, values))


@pytest.mark.parametrize(
    ("head", "base", "limits", "expected"),
    [
        (0.90, 0.5, {"min": 0.9}, Answer.PASS),
        (0.89, 0.5, {"min": 0.9}, Answer.FAIL),
        (0.90, 0.5, {"max": 0.9}, Answer.PASS),
        (0.91, 0.5, {"max": 0.9}, Answer.FAIL),
        (5, 5, {"min": 5, "max": 5}, Answer.PASS),
        (0.895, 0.90, {"max-drop": 0.005}, Answer.PASS),  # 0.9 - 0.895 is above 0.005 as floats
        (0.894, 0.90, {"max-drop": 0.005}, Answer.FAIL),
        (0.95, 0.90, {"max-drop": 0}, Answer.PASS),
        (0.90, 0.90, {"max-drop": 0}, Answer.PASS),
        (1.02, 1.00, {"max-rise": "2%"}, Answer.PASS),
        (1.03, 1.00, {"max-rise": "2%"}, Answer.FAIL),
        (-1.03, -1.00, {"max-drop": "2%"}, Answer.FAIL),
        (0.0, 0.0, {"max-rise": "2%"}, Answer.PASS),
        (0.1, 0.0, {"max-rise": "2%"}, Answer.NOT_EVALUABLE),
        (0.89, 0.90, {"min": 0.5, "max-drop": 0.001}, Answer.FAIL),
        (0.49, 0.40, {"min": 0.5, "max-drop": 0.001}, Answer.FAIL),
    ],
)
def test_limits_are_compared_digit_by_digit(
    head: Value, base: Value, limits: dict[str, object], expected: Answer
) -> None:
    (found,) = answer(gate(**limits), (file(acc=head),), (file(acc=base),))
    assert found.answer is expected, found.message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0.9", "str"),
        (True, "bool"),
        (math.nan, "not a finite number"),
        (math.inf, "not a finite number"),
        (-math.inf, "not a finite number"),
        (1.797e308, "not a finite number"),
    ],
)
def test_what_is_no_finite_number_is_not_evaluable(value: Value, said: str) -> None:
    (found,) = answer(gate(min=-1e9), (file(acc=value),))
    assert found.answer is Answer.NOT_EVALUABLE
    assert said in found.message


def test_a_metric_that_head_lacks_is_not_evaluable() -> None:
    (found,) = answer(gate(min=0), (file(loss=1.0),), (file(acc=0.9),))
    assert (found.answer, found.message) == (Answer.NOT_EVALUABLE, "acc is missing in head")


def test_a_metric_that_nobody_has_is_not_evaluable_and_names_broken_files() -> None:
    (found,) = answer(gate(min=0), (file("n.json", error="not JSON"),))
    assert found.answer is Answer.NOT_EVALUABLE
    assert "n.json could not be read: not JSON" in found.message


def test_a_list_is_not_evaluable() -> None:
    (found,) = answer(gate(min=0), (file(dropped=("acc",)),))
    assert found.answer is Answer.NOT_EVALUABLE
    assert "list" in found.message


def test_a_new_metric_is_judged_by_absolute_limits_and_says_that_the_rest_was_skipped() -> None:
    (found,) = answer(gate(min=0.5, max_drop=0.1), (file(acc=0.9),), (file(loss=1.0),))
    assert found.answer is Answer.PASS
    assert found.message == "0.9 is at least the minimum 0.5; acc is new, base has none: comparison skipped"


def test_a_new_metric_can_still_fail_its_absolute_limit() -> None:
    (found,) = answer(gate(min=0.95, max_drop=0.1), (file(acc=0.9),), ())
    assert found.answer is Answer.FAIL


def test_a_base_that_cannot_be_read_is_no_new_metric() -> None:
    (found,) = answer(gate(max_drop=0.1), (file(acc=0.9),), (file(error="truncated"),))
    assert found.answer is Answer.NOT_EVALUABLE
    assert "truncated" in found.message


@pytest.mark.parametrize("base", ["0.9", True, math.nan])
def test_a_base_that_is_no_number_cannot_be_compared_with(base: Value) -> None:
    (found,) = answer(gate(max_drop=0.1), (file(acc=0.9),), (file(acc=base),))
    assert found.answer is Answer.NOT_EVALUABLE
    assert "base" in found.message


def test_a_failed_reading_of_live_fails_closed() -> None:
    (found,) = answer(gate(max_drop=0.1, against="live"), (file(acc=0.9),), (), live=None, live_error="no such commit")
    assert found.answer is Answer.NOT_EVALUABLE


def test_a_first_promotion_has_nothing_live_to_compare_with() -> None:
    (found,) = answer(gate(max_drop=0.1, against="live"), (file(acc=0.9),), (file(acc=1.0),), live=None)
    assert (found.answer, found.message) == (
        Answer.PASS,
        "nothing is live yet, so nothing to compare with: skipped",
    )


def test_live_and_base_are_not_mixed_up() -> None:
    (found,) = answer(gate(max_drop=0.1, against="live"), (file(acc=0.5),), (file(acc=0.5),), live=(file(acc=0.9),))
    assert found.answer is Answer.FAIL


@pytest.mark.parametrize(
    ("head", "noise", "expected"),
    [(0.898, 0.002, Answer.INCONCLUSIVE), (0.8979, 0.002, Answer.FAIL), (0.9, 0.002, Answer.PASS)],
)
def test_a_breach_within_the_noise_is_inconclusive(head: float, noise: float, expected: Answer) -> None:
    (found,) = answer(gate(min=0.9), (file(acc=head),), noise=noise)
    assert found.answer is expected


def test_an_ambiguous_name_is_not_evaluable_and_names_the_candidates() -> None:
    (found,) = answer(gate(min=0), (file("a.json", acc=1.0), file("b.json", acc=1.0)))
    assert found.answer is Answer.NOT_EVALUABLE
    assert "a.json:acc, b.json:acc" in found.message


def test_a_name_with_its_file_is_never_ambiguous() -> None:
    files = (file("a.json", acc=1.0), file("b.json", acc=0.1))
    (found,) = answer(gate(metric="b.json:acc", min=0.5), files)
    assert (found.metric, found.answer) == ("b.json:acc", Answer.FAIL)


def test_a_pattern_has_one_answer_per_metric() -> None:
    files = (file("a.json", acc=1.0), file("b.json", acc=0.1))
    found = answer(gate(metric="*:acc", min=0.5), files)
    assert [(one.metric, one.answer) for one in found] == [("a.json:acc", Answer.PASS), ("b.json:acc", Answer.FAIL)]


def test_a_pattern_finds_what_head_has_lost() -> None:
    found = answer(gate(metric="*:acc", min=0.5), (file("a.json", acc=1.0),), (file("b.json", acc=0.9),))
    assert [(one.metric, one.answer) for one in found] == [
        ("a.json:acc", Answer.PASS),
        ("b.json:acc", Answer.NOT_EVALUABLE),
    ]


def test_a_renamed_file_is_compared_with_the_only_other_file_that_has_the_key() -> None:
    (found,) = answer(gate(max_drop=0.01), (file("new.json", acc=0.5),), (file("old.json", acc=0.9),))
    assert found.answer is Answer.FAIL


def test_a_renamed_file_is_not_guessed_among_several() -> None:
    base = (file("a.json", acc=0.9), file("b.json", acc=0.1))
    (found,) = answer(gate(max_drop=0.01), (file("new.json", acc=0.5),), base)
    assert found.answer is Answer.NOT_EVALUABLE


def test_a_key_is_not_taken_from_another_file_while_its_own_is_broken() -> None:
    head = (file("real.json", error="truncated"), file("stale.json", acc=1.0))
    (found,) = answer(gate(min=0.5), head, (file("real.json", acc=0.9),))
    assert found.answer is Answer.NOT_EVALUABLE
    assert "real.json could not be read: truncated" in found.message


def test_a_broken_file_does_not_stop_a_gate_that_names_another() -> None:
    head = (file("real.json", error="truncated"), file("stale.json", acc=1.0))
    (found,) = answer(gate(metric="stale.json:acc", min=0.5), head)
    assert found.answer is Answer.PASS


def test_a_pattern_answers_for_broken_files_too() -> None:
    head = (file("a/m.json", acc=1.0), file("b/m.json", error="truncated"), file("c.json", error="truncated"))
    found = answer(gate(metric="*/m.json:acc", min=0.5), head)
    assert [(one.metric, one.answer) for one in found] == [
        ("a/m.json:acc", Answer.PASS),
        ("b/m.json", Answer.NOT_EVALUABLE),
    ]


@pytest.mark.parametrize("head", [(file(acc=0.1),), ()])
def test_a_gate_of_level_warn_never_refuses(head: tuple[MetricFile, ...]) -> None:
    (found,) = answer(gate(min=0.9, level="warn"), head)
    assert found.answer is Answer.WARN


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ([], Verdict.PASS),
        ([Answer.PASS], Verdict.PASS),
        ([Answer.PASS, Answer.WARN], Verdict.WARN),
        ([Answer.INCONCLUSIVE], Verdict.WARN),
        ([Answer.WARN, Answer.NOT_EVALUABLE], Verdict.FAIL),
        ([Answer.PASS, Answer.FAIL], Verdict.FAIL),
    ],
)
def test_one_refusal_decides_the_verdict(given: list[Answer], verdict: Verdict) -> None:
    answers = [GateAnswer(environment=STAGING, metric="acc", rule="", answer=one, message="") for one in given]
    assert judge_answers(answers) is verdict


OTHER_DATA = ObstacleRow(
    path="m.json", stage="e", kind=Obstacle.DATA, name="test.csv", old="md5:1a2b3c4d5", new="md5:9f8e7d6c5"
)
LIVE_DATA = ObstacleRow(path="m.json", stage="e", kind=Obstacle.SEED, name="p:seed", old="1", new="2", against="live")
SCATTER = {("m.json", "acc"): (0.90, 0.93, 0.89, 0.92, 0.88, 0.91)}


@pytest.mark.parametrize("limits", [{"min": 0.5}, {"max_drop": 0.1}])
def test_a_gate_that_wants_an_equal_measurement_refuses_another(limits: dict[str, object]) -> None:
    rule = gate(require_comparable=True, **limits)
    (found,) = answer(rule, (file(acc=0.9),), (file(acc=0.9),), obstacles=(OTHER_DATA,))
    assert found.answer is Answer.NOT_EVALUABLE
    assert found.message.startswith("not comparable: test data changed test.csv 1a2b3c4d → 9f8e7d6c; ")
    assert found.rule.endswith(", comparable")


def test_a_gate_that_does_not_ask_for_it_compares_all_the_same() -> None:
    (found,) = answer(gate(max_drop=0.1), (file(acc=0.9),), (file(acc=0.9),), obstacles=(OTHER_DATA,))
    assert found.answer is Answer.PASS


@pytest.mark.parametrize(("against", "expected"), [("base", Answer.PASS), ("live", Answer.NOT_EVALUABLE)])
def test_the_obstacle_must_be_to_what_the_gate_compares_with(against: str, expected: Answer) -> None:
    rule = gate(max_drop=0.1, against=against, require_comparable=True)
    both = (file(acc=0.9),)
    (found,) = answer(rule, both, both, live=both, obstacles=(LIVE_DATA,))
    assert found.answer is expected


def test_an_obstacle_of_another_file_is_none() -> None:
    rule = gate(metric="n.json:acc", min=0.1, require_comparable=True)
    (found,) = answer(rule, (file("n.json", acc=0.9),), obstacles=(OTHER_DATA,))
    assert found.answer is Answer.PASS


@pytest.mark.parametrize(("limits", "side"), [({"min": 0.1}, "base"), ({"min": 0.1, "against": "live"}, "live")])
def test_what_it_was_measured_on_is_unknown_where_the_other_side_is(limits: dict[str, object], side: str) -> None:
    errors: dict[str, object] = {f"{side}_error": "gone"}
    (found,) = answer(gate(require_comparable=True, **limits), (file(acc=0.9),), **errors)  # type: ignore[arg-type]
    assert found.answer is Answer.NOT_EVALUABLE
    assert f"not comparable: {side} could not be read: gone" in found.message


def test_a_first_promotion_has_nothing_to_be_comparable_with() -> None:
    rule = gate(min=0.5, max_drop=0.1, against="live", require_comparable=True)
    (found,) = answer(rule, (file(acc=0.9),), live=None)
    assert found.answer is Answer.PASS
    assert found.message.endswith("nothing is live yet, so nothing to compare with: skipped")


def test_many_obstacles_are_told_in_part() -> None:
    many = tuple(
        ObstacleRow(path="m.json", stage="e", kind=Obstacle.SCRIPT, name=f"{number}.py", new="md5:1")
        for number in range(5)
    )
    (found,) = answer(gate(min=0.5, require_comparable=True), (file(acc=0.9),), obstacles=many)
    assert "2.py (and 2 more); " in found.message


def test_a_breach_that_chance_explains_is_inconclusive_and_says_why() -> None:
    (found,) = answer(gate(max_drop=0.01), (file(acc=0.88),), (file(acc=0.91),), history=SCATTER)
    assert found.answer is Answer.INCONCLUSIVE
    assert found.message == (
        "a drop of 0.03 from 0.91 is over the allowed 0.01, but within the noise: "
        "the last 6 measurements expect 95 % of values in [0.853056, 0.956944]"
    )


@pytest.mark.parametrize(
    ("limits", "head", "more"),
    [
        pytest.param({"max-drop": 0.01}, 0.85, {}, id="too far"),
        pytest.param({"min": 0.9}, 0.88, {}, id="an absolute limit"),
        pytest.param({"max-drop": 0.01}, 0.88, {"obstacles": (OTHER_DATA,)}, id="measured otherwise"),
        pytest.param({"max-drop": 0.01}, 0.88, {"obstacles": (LIVE_DATA,)}, id="measured otherwise than live"),
        pytest.param({"max-drop": 0.01}, 0.88, {"history": {("n.json", "acc"): (1, 9) * 4}}, id="another metric's"),
        pytest.param({"max-drop": 0.01}, 0.88, {"history": {("m.json", "acc"): (0.9,) * 9}}, id="constant"),
    ],
)
def test_a_breach_stays_one(limits: dict[str, object], head: float, more: dict[str, object]) -> None:
    (found,) = answer(gate(**limits), (file(acc=head),), (file(acc=0.91),), **{"history": SCATTER, **more})  # type: ignore[arg-type]
    assert found.answer is Answer.FAIL


def test_a_constant_history_leaves_the_written_noise_in_force() -> None:
    constant = {("m.json", "acc"): (0.9,) * 9}
    (found,) = answer(gate(max_drop=0), (file(acc=0.89),), (file(acc=0.9),), noise=0.01, history=constant)
    assert found.answer is Answer.INCONCLUSIVE
    assert found.message.endswith("by less than the noise 0.01")


@pytest.mark.parametrize(("rule", "given"), [(gate(max_drop=0.1), Answer.FAIL), (gate(max_rise=0), Answer.WARN)])
def test_history_is_asked_for_where_it_can_help(rule: Gate, given: Answer) -> None:
    assert may_be_noise(Environment(branch="staging", gates=(rule,)), [(describe_rule(rule), given)])


@pytest.mark.parametrize(
    ("rule", "given"),
    [(gate(max_drop=0.1), Answer.PASS), (gate(max_drop=0.1), Answer.NOT_EVALUABLE), (gate(min=0.1), Answer.FAIL)],
)
def test_history_is_not_asked_for_where_it_cannot(rule: Gate, given: Answer) -> None:
    assert not may_be_noise(Environment(branch="staging", gates=(rule,)), [(describe_rule(rule), given)])


def test_only_obstacles_that_a_gate_meets_are_in_doubt() -> None:
    other = ObstacleRow(path="n.json", stage="e", kind=Obstacle.DATA, name="test.csv")
    values = GateInputs(head=(file(acc=0.9), file("n.json", x=1)), obstacles=(OTHER_DATA, LIVE_DATA, other))
    environment = Environment(branch="staging", gates=(gate(min=0.1),))
    assert gated_obstacles(environment, Config(version=1), values) == (OTHER_DATA,)
