"""The manifests of KServe, byte for byte, and the names in them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName, PromotionKind, PromotionRecord
from mlops_kit.deployers.kserve_manifest import (
    Mode,
    Node,
    Shape,
    is_as_rendered,
    kubernetes_name,
    shifted,
    stable_predictor,
    storage_name,
    taken_back,
    whole,
)
from mlops_kit.deployers.kserve_schema import check_manifest
from mlops_kit.deployers.kserve_yaml import read_yaml, write_yaml
from mlops_kit.testing.deployer_conformance import HOSTILE

GOLDEN = Path(__file__).parent / "golden"
PREDICTOR: dict[str, Any] = {
    "minReplicas": 4,
    "maxReplicas": 8,
    "serviceAccountName": "kserve-s3",
    "model": {
        "modelFormat": {"name": "mlflow", "version": "2"},
        "protocolVersion": "v2",
        "runtime": "kserve-mlserver",
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
    },
}
STANDARD = Shape(name="churn", namespace="ml-production", mode=Mode.STANDARD, predictor=PREDICTOR)
KNATIVE = replace(STANDARD, mode=Mode.KNATIVE)
ONE, TWO = (Digest(algorithm="md5", value=f"{start}{'0' * 24}.dir") for start in ("1c0ffee5", "8d6f6e0c"))


def record(digest: Digest, seq: int, model: str = "churn") -> PromotionRecord:
    return PromotionRecord(
        model=ModelName(model),
        environment=EnvironmentName("production"),
        seq=seq,
        digest=digest,
        sha256="a" * 64,
        recipe="",
        previous=None,
        kind=PromotionKind.PROMOTE,
        commit=CommitSha("12e5".ljust(40, "0")),
    )


def uri(digest: Digest) -> str:
    return f"s3://ml-models/churn/{storage_name(digest)}"


def stable(shape: Shape) -> Node:
    return whole(shape, record(ONE, 1), uri(ONE), None)


def canary(shape: Shape, percent: int = 10) -> Node:
    return shifted(shape, record(TWO, 2), uri(TWO), stable(shape), percent)


MANIFESTS = {
    "standard": stable(STANDARD),
    "standard-canary": canary(STANDARD),
    "standard-promoted": whole(STANDARD, record(TWO, 2), uri(TWO), canary(STANDARD, 50)),
    "knative-canary": canary(KNATIVE),
    "knative-promoted": whole(KNATIVE, record(TWO, 2), uri(TWO), canary(KNATIVE, 50)),
    "knative-taken-back": taken_back(KNATIVE, canary(KNATIVE)),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_what_was_reviewed(name: str) -> None:
    check_manifest(MANIFESTS[name])
    assert write_yaml(MANIFESTS[name]).decode() == (GOLDEN / f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_read_and_written_again_is_the_same(name: str) -> None:
    text = write_yaml(MANIFESTS[name])
    read = read_yaml(text, name)
    assert read == MANIFESTS[name]
    assert is_as_rendered(read)
    assert write_yaml(read) == text


def test_a_canary_that_is_taken_back_leaves_what_was_there() -> None:
    assert write_yaml(taken_back(STANDARD, canary(STANDARD))) == write_yaml(stable(STANDARD))
    assert taken_back(STANDARD, stable(STANDARD)) == stable(STANDARD)


def test_a_later_step_changes_the_share_and_the_replicas_alone() -> None:
    later = shifted(STANDARD, record(TWO, 2), uri(TWO), canary(STANDARD, 10), 50)
    (entry,), (before,) = later["spec"]["canary"], canary(STANDARD, 10)["spec"]["canary"]
    assert (entry["trafficPercent"], entry["predictor"]["minReplicas"]) == (50, 2)
    assert entry["predictor"]["name"] == before["predictor"]["name"] == "c-8d6f6e0c"
    assert later["spec"]["predictor"] == before_predictor()


def before_predictor() -> Node:
    return stable(STANDARD)["spec"]["predictor"]  # type: ignore[no-any-return]


def test_the_stable_predictor_keeps_the_settings_that_it_was_deployed_with() -> None:
    smaller = replace(STANDARD, predictor={**PREDICTOR, "minReplicas": 1})
    found = shifted(smaller, record(TWO, 2), uri(TWO), stable(STANDARD), 10)
    assert found["spec"]["predictor"] == before_predictor()


@pytest.mark.parametrize(("replicas", "percent", "expected"), [(0, 50, 0), (1, 10, 1), (4, 10, 1), (4, 99, 4)])
def test_a_canary_has_as_many_replicas_as_its_share_needs(replicas: int, percent: int, expected: int) -> None:
    shape = replace(STANDARD, predictor={**PREDICTOR, "minReplicas": replicas})
    (entry,) = canary(shape, percent)["spec"]["canary"]
    assert entry["predictor"]["minReplicas"] == expected
    assert "maxReplicas" not in entry["predictor"]


def test_the_name_of_a_canary_is_never_the_stable_one() -> None:
    """The version came as a canary, another one took its place, and it comes back as a canary."""
    promoted = whole(STANDARD, record(TWO, 2), uri(TWO), canary(STANDARD))
    other = whole(STANDARD, record(ONE, 3), uri(ONE), promoted)
    again = shifted(STANDARD, record(TWO, 4), uri(TWO), other, 10)
    names = [again["spec"]["predictor"]["name"], again["spec"]["canary"][0]["predictor"]["name"]]
    assert names[0] == "c-8d6f6e0c"
    assert len(set(names)) == 2
    check_manifest(again)


def test_another_canary_takes_the_place_of_the_first() -> None:
    other = Digest(algorithm="md5", value="f" * 32)
    found = shifted(STANDARD, record(other, 3), uri(other), canary(STANDARD), 10)
    assert [one["predictor"]["name"] for one in found["spec"]["canary"]] == ["c-ffffffff"]
    assert found["spec"]["predictor"] == before_predictor()


def test_a_version_that_was_no_canary_takes_the_stable_place_as_it_is() -> None:
    assert "name" not in whole(STANDARD, record(TWO, 2), uri(TWO), stable(STANDARD))["spec"]["predictor"]


def test_a_knative_canary_keeps_the_stable_predictor_for_later() -> None:
    assert stable_predictor(canary(KNATIVE)) == stable(KNATIVE)["spec"]["predictor"]
    assert stable_predictor(shifted(KNATIVE, record(TWO, 2), uri(TWO), canary(KNATIVE), 50)) == before_predictor()


@pytest.mark.parametrize("model", ["churn", "churn-2", "a", "x" * 40])
def test_a_name_that_fits_stays(model: str) -> None:
    assert kubernetes_name(ModelName(model)) == model


@pytest.mark.parametrize(
    ("model", "start"),
    [
        ("Churn", "churn"),
        ("2churn", "churn"),
        ("a/b", "a-b"),
        ("-rf", "rf"),
        ("churn-", "churn"),
        ("模型", "model"),
        ("x" * 41, "x" * 29),
        ("churn-0123456789", "churn-0123456789"),
    ],
)
def test_any_other_name_is_cut_and_gets_a_hash(model: str, start: str) -> None:
    assert re.fullmatch(rf"{start}-[0-9a-f]{{10}}", kubernetes_name(ModelName(model)))


NAMES = st.text(min_size=1, max_size=60) | st.from_regex(r"[a-z][a-z0-9-]{0,45}", fullmatch=True)


@given(NAMES, NAMES)
def test_two_models_never_share_a_name(one: str, other: str) -> None:
    first, second = kubernetes_name(ModelName(one)), kubernetes_name(ModelName(other))
    assert (first == second) == (one == other)
    for name in (first, second, kubernetes_name(ModelName(first))):
        assert len(name) <= 40
        assert name.strip("abcdefghijklmnopqrstuvwxyz0123456789-") == ""
        assert name[0].isalpha()
        assert name[-1] != "-"


TEXTS = ["12e5", "0x1f", "1_000", "on", "Yes", "n", "null", "~", "2001-01-01", ".5", "a: b", "# c", "'\"", "a\nb", "é"]


@pytest.mark.parametrize("text", [*TEXTS, HOSTILE])
def test_a_text_stays_a_text_for_every_reader(text: str) -> None:
    written = write_yaml({"a": text, "b": [text], text: "c"})
    assert yaml.safe_load(written) == {"a": text, "b": [text], text: "c"}
    assert b'a: "' in written
    assert written.isascii()


def test_a_hostile_name_stays_in_its_quotes() -> None:
    shape = replace(STANDARD, name=kubernetes_name(HOSTILE))
    manifest = whole(shape, record(ONE, 1, HOSTILE), uri(ONE), None)
    check_manifest(manifest)
    assert yaml.safe_load(write_yaml(manifest)) == manifest
    assert manifest["metadata"]["annotations"]["mlops-kit.dev/model"] == HOSTILE
