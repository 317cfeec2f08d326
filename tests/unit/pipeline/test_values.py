"""Flattening by DVC's rules; the equality with DVC itself is tests/integration/test_report_equals_dvc.py."""

import pytest

from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.values import metric_values, needs_dvc, param_values, parse_values


@pytest.mark.parametrize(
    ("content", "values", "dropped"),
    [
        ({"a": {"b": 1, "c": {"d": 0.5}}}, {"a.b": 1, "a.c.d": 0.5}, ()),
        ({"a": "x", "t": True, "zero": 0}, {"a": "x", "t": True, "zero": 0}, ()),
        ({"a": [1], "n": None, "e": {}, "k": 1}, {"k": 1}, ("a", "n", "e")),
        (0.5, {"": 0.5}, ()),
        ("0.5", {"": 0.5}, ()),
        ("hello", {"": "hello"}, ()),
        ([1, 2], {}, ("",)),
        ({}, {}, ()),
        ({7: {2: 3}, True: 4, "n": {None: 5, False: 6}}, {"7.2": 3, "true": 4, "n.None": 5, "n.False": 6}, ()),
        ({"a.b": 1, "a": {"b": 2}}, {"a\\.b": 1, "a.b": 2}, ()),
    ],
)
def test_metrics_are_flattened_and_nothing_is_lost_in_silence(
    content: object, values: dict[str, object], dropped: tuple[str, ...]
) -> None:
    found = metric_values("m.json", content)
    assert (dict(found.values), found.dropped) == (values, dropped)


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        ((), {"train.lr": 0.1, "train.opt.name": "adam", "list": "['a', 'b']", "none": None}),
        (("train",), {"train.lr": 0.1, "train.opt.name": "adam"}),
        (("train.opt.name",), {"train.opt.name": "adam"}),
        (("train.lr", "train.opt"), {"train.lr": 0.1, "train.opt.name": "adam"}),
        (("train.opt", "train"), {"train.lr": 0.1, "train.opt.name": "adam"}),
        (("train.nowhere", "nothing"), {}),
        (("list",), {"list": "['a', 'b']"}),
    ],
)
def test_params_show_the_keys_that_the_pipeline_names(keys: tuple[str, ...], values: dict[str, object]) -> None:
    content = {"train": {"lr": 0.1, "opt": {"name": "adam"}}, "list": ["a", "b"], "none": None, "empty": {}}
    before = repr(content)
    assert dict(param_values("params.yaml", content, keys).values) == values
    assert repr(content) == before


@pytest.mark.parametrize(
    ("path", "data", "value"),
    [
        ("p.yaml", b"lr: 1e-3", {"lr": 0.001}),
        ("p.unknown", b"lr: 1e-3", {"lr": 0.001}),
        ("p", b"no", "no"),
        ("P.JSON", b'{"lr": 1}', {"lr": 1}),
        ("p.toml", b"lr = 1", {"lr": 1}),
        ("p.yaml", b"", {}),
        ("p.json", b"[]", {}),
    ],
)
def test_a_file_is_read_by_its_ending(path: str, data: bytes, value: object) -> None:
    assert parse_values(data, path=path) == value


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("m.json", b'{"acc": 0.9, "acc": 0.1}'),
        ("m.json", b'{"acc": '),
        ("m.json", b'<<<<<<< HEAD\n{"acc": 1}\n=======\n{"acc": 2}\n>>>>>>> other\n'),
        ("m.json", b'{"n": ' + b"1" * 5000 + b"}"),
        ("m.json", b"[" * 5000),
        ("m.yaml", b"a: 1\na: 2"),
        ("m.yaml", b"\xff\xfe"),
        ("m.toml", b"a = "),
    ],
)
def test_what_dvc_would_guess_or_drop_is_an_error_with_its_file(path: str, data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_values(data, path=path)
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize("key", ["train.*", "layers.0", "a[0]"])
def test_keys_that_are_patterns_are_left_to_dvc(key: str) -> None:
    assert needs_dvc(["train.lr", key])
    assert not needs_dvc(["train.lr"])
