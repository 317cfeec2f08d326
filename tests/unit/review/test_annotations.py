"""Remarks on lines: which rows get one, where, and that no file breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.config import Config, parse_config
from mlops_kit.core.forge import AnnotationLevel, CheckAnnotation
from mlops_kit.core.review.annotations import LIMIT, annotate, paths_of_interest
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.gates import Verdict, describe_rule
from mlops_kit.core.review.params import ParamRow
from mlops_kit.core.review.report import GateRow, Report, Side
from mlops_kit.core.types import Answer, EnvironmentName

POLICY = b"""version: 1
environments:
  dev:
    branch: dev
    gates:
      - {metric: accuracy, min: 0.8}
      - metric: loss
        max-rise: 2%
"""
LOCK = b"""schema: '2.0'
stages:
  train:
    cmd: train
    outs:
    - path: model.bin
      hash: md5
      md5: 0123456789abcdef0123456789abcdef
      size: 3
"""
CONFIG = parse_config(POLICY, file="mlops.yaml")


def report(**rows: object) -> Report:
    side = Side(name="x", commit="a" * 40)
    return Report(base=side, head=side, environment="dev", verdict=Verdict.FAIL, **rows)  # type: ignore[arg-type]


def gate(position: int, answer: Answer) -> GateRow:
    rule = CONFIG.environments[EnvironmentName("dev")].gates[position]
    return GateRow(environment="dev", metric=rule.metric, rule=describe_rule(rule), answer=answer, message="why")


def remarks(report: Report, files: dict[str, bytes], config: Config = CONFIG) -> list[tuple[str, int, str, str]]:
    found = annotate(report, files, config=config, config_file="mlops.yaml")
    return [(each.path, each.line, each.level.value, each.message) for each in found]


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (Answer.FAIL, "failure"),
        (Answer.NOT_EVALUABLE, "failure"),
        (Answer.WARN, "warning"),
        (Answer.INCONCLUSIVE, "warning"),
    ],
)
def test_a_gate_that_does_not_pass_is_shown_on_its_line(answer: Answer, level: str) -> None:
    found = report(gates=(gate(0, Answer.PASS), gate(1, answer)))

    assert remarks(found, {"mlops.yaml": POLICY}) == [("mlops.yaml", 7, level, "why")]


def test_a_gate_of_another_configuration_is_shown_nowhere() -> None:
    other = parse_config(POLICY.replace(b"0.8", b"0.9"), file="mlops.yaml")

    assert remarks(report(gates=(gate(0, Answer.FAIL),)), {"mlops.yaml": POLICY}, other) == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("params.yaml", "a: 1\ntrain:\n  rate: 0.2\n", 3),
        ("params.yaml", "a: 1\ntrain.rate: 0.2\n", 2),
        ("params.json", '{"a": 1,\n "train": {\n  "rate": 0.2}}', 3),
        ("params.yaml", "train:\n  other: 1\n", None),
        ("params.toml", "[train]\nrate = 0.2\n", None),
        ("params.py", "class train:\n    rate = 0.2\n", None),
    ],
)
def test_a_param_that_changed_is_shown_on_its_line(path: str, text: str, line: int | None) -> None:
    found = report(params=(ParamRow(path=path, key="train.rate", old=None, new=0.2),))

    expected = [(path, line, "notice", "nothing → 0.2")] if line else []
    assert remarks(found, {path: text.encode()}) == expected


def test_new_bytes_of_a_model_are_shown_in_the_lock() -> None:
    new = "md5:0123456789abcdef0123456789abcdef"
    found = report(models=(ModelRow(name="churn", path="model.bin", old="", new=new),))

    assert remarks(found, {"dvc.lock": LOCK}) == [("dvc.lock", 8, "notice", f"nothing → {new}")]
    assert paths_of_interest(found, config_file="mlops.yaml") == ("mlops.yaml", "dvc.lock")


def test_a_stage_that_failed_is_shown_where_it_is_declared() -> None:
    rows = (StageRow(name="sub/dvc.yaml:train@x", state="failed", message="exit status 3"),)
    files = {"sub/dvc.yaml": b"stages:\n  other: {cmd: a}\n  train:\n    foreach: [x]\n"}

    assert remarks(report(stages=rows), files) == [("sub/dvc.yaml", 3, "failure", "exit status 3")]


def test_the_worst_comes_first_and_there_are_never_too_many() -> None:
    params = tuple(ParamRow(path="params.yaml", key=f"key{number}", old=1, new=2) for number in range(LIMIT + 50))
    text = "".join(f"key{number}: 2\n" for number in range(LIMIT + 50)).encode()
    found = annotate(
        report(gates=(gate(0, Answer.FAIL),), params=params),
        {"params.yaml": text, "mlops.yaml": POLICY},
        config=CONFIG,
        config_file="mlops.yaml",
    )

    assert len(found) == LIMIT
    assert found[0] == CheckAnnotation(
        path="mlops.yaml", line=6, level=AnnotationLevel.FAILURE, title="accuracy: fail", message="why"
    )


@given(st.binary(max_size=80), st.text(max_size=8), st.sampled_from(["params.yaml", "params.json", "dvc.lock"]))
def test_no_file_breaks_it(data: bytes, key: str, path: str) -> None:
    rows = report(
        params=(ParamRow(path=path, key=key.encode("utf-8", "replace").decode(), new=1),),
        models=(ModelRow(name="m", path="a/m", new=key.encode("utf-8", "replace").decode()),),
        stages=(StageRow(name=key.encode("utf-8", "replace").decode(), state="failed"),),
    )

    for _, line, *_rest in remarks(rows, {path: data, "mlops.yaml": data}):
        assert line > 0
