"""Params files with the values of a trial."""

import json
from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.errors import InvalidInputError
from mlops_kit.core.sweep.params import check_params, set_params
from mlops_kit.core.sweep.trial import Param, Setting

YAML = b"# rates\ntrain:\n  lr: 0.1   # the rate\n  a.b: {c: 1}\n  layers: [1, 2]\n3: x\n"


def changed(files: Mapping[str, bytes], **settings: Scalar) -> Mapping[str, bytes]:
    file = next(iter(files))
    return set_params(files, [Setting(param=Param(file=file, key=key), value=value) for key, value in settings.items()])


def test_yaml_keeps_its_comments_and_order() -> None:
    settings: dict[str, Scalar] = {"train.lr": 1e-5, "train.a.b.c": "no", "3": None}
    found = changed({"params.yaml": YAML}, **settings)["params.yaml"]
    assert found.decode() == ("# rates\ntrain:\n  lr: 1.0e-05 # the rate\n  a.b: {c: 'no'}\n  layers: [1, 2]\n3:\n")


def test_json_keeps_its_order_and_indentation() -> None:
    data = b'{\n    "b": {"x": 1},\n    "a": "\xc3\xa4"\n}\n'
    found = changed({"p.json": data}, **{"b.x": 2.5})["p.json"].decode()
    assert found == '{\n    "b": {\n        "x": 2.5\n    },\n    "a": "ä"\n}\n'


@given(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)))
def test_what_was_set_is_what_both_kinds_of_readers_find(value: Scalar) -> None:
    if isinstance(value, str) and not value.isprintable():
        return
    found = changed({"params.yaml": b"k: 1\n"}, k=value)["params.yaml"]
    assert parse_yaml(found, file="params.yaml").value == {"k": value}
    assert yaml.safe_load(found) == {"k": value}


@pytest.mark.parametrize(
    ("files", "param", "reason"),
    [
        ({}, Param(key="lr"), "params.yaml lr: no such file, or not committed"),
        ({"params.yaml": YAML}, Param(key="train.lrr"), "params.yaml train.lrr: there is no such param"),
        ({"params.yaml": YAML}, Param(key="train"), "params.yaml train: this is a mapping"),
        ({"params.yaml": YAML}, Param(key="train.layers"), "params.yaml train.layers: this is a list"),
        ({"p.py": b"lr = 1"}, Param(file="p.py", key="lr"), "p.py lr: a sweep cannot write this kind of file"),
        ({"params.yaml": b"k: ["}, Param(key="k"), "params.yaml:2:1: did not find"),
    ],
)
def test_a_param_that_is_not_there_is_named(files: Mapping[str, bytes], param: Param, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_params(files, [param])
    assert str(caught.value).startswith(reason)


def test_a_mistyped_param_comes_with_the_one_that_is_meant() -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_params({"params.yaml": YAML}, [Param(key="train.lrr"), Param(key="nothing.like.it")])
    assert [problem.hint for problem in caught.value.problems] == ["did you mean train.lr?", ""]


def test_a_file_on_one_line_stays_on_one() -> None:
    assert json.loads(changed({"p.json": b'{"a": 1}'}, a=None)["p.json"]) == {"a": None}
    assert changed({"p.json": b'{"a": 1}'}, a=None)["p.json"] == b'{"a": null}\n'
