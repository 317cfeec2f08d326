"""What `--engine` may say."""

import pytest

from mlops_kit.core.errors import InputError
from mlops_kit.core.run import EngineChoice, EngineKind, parse_engine


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("local", EngineKind.LOCAL, ""),
        ("dvc", EngineKind.DVC, ""),
        ("ray", EngineKind.RAY, ""),
        ("ray:auto", EngineKind.RAY, "auto"),
        ("ray:10.0.0.1:6379", EngineKind.RAY, "10.0.0.1:6379"),
        ("ray://head:10001", EngineKind.RAY, "ray://head:10001"),
    ],
)
def test_an_engine_is_a_kind_and_an_address(text: str, kind: EngineKind, address: str) -> None:
    assert parse_engine(text) == EngineChoice(kind=kind, address=address)


@pytest.mark.parametrize("text", ["", "Ray", "local:", "local:1", "dvc:", "ray:", "ray://", "spark://host:1"])
def test_anything_else_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(InputError, match="is not an engine") as caught:
        parse_engine(text)
    assert caught.value.hint == "one of: local, dvc, ray, ray:auto, ray://HOST:PORT"
