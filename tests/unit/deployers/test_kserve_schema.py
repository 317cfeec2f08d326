"""Manifests are checked offline, more strictly than by a cluster."""

from copy import deepcopy
from typing import Any

import pytest

from mlops_kit.core.errors import InvalidInputError
from mlops_kit.deployers.kserve_schema import check_manifest
from tests.unit.deployers.test_kserve_manifest import MANIFESTS


def broken(name: str, path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """A manifest with one value replaced or added."""
    manifest: dict[str, Any] = deepcopy(MANIFESTS[name])
    place: Any = manifest
    for part in path[:-1]:
        place = place[part] if isinstance(part, int) else place.setdefault(part, {})
    place[path[-1]] = value
    return manifest


PREDICTOR, MODEL = ("spec", "predictor"), ("spec", "predictor", "model")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*MODEL, "storageURI"), "s3://x", "spec.predictor.model.storageURI: unknown field, did you mean storageUri?"),
        ((*MODEL, "protocolversion"), "v2", "spec.predictor.model.protocolversion: unknown field, did you mean protoc"),
        ((*PREDICTOR, "minreplica"), 1, "spec.predictor.minreplica: unknown field, did you mean minReplicas?"),
        ((*PREDICTOR, "zzzzzz"), 1, "spec.predictor.zzzzzz: unknown field"),
        ((*PREDICTOR, "minReplicas"), "4", "spec.predictor.minReplicas: '4' is not of type 'integer'"),
        ((*PREDICTOR, "tolerations"), [{"kye": "gpu"}], "spec.predictor.tolerations[0].kye: unknown field, did you"),
        ((*MODEL, "resources", "limits"), {"memory": "2GiB"}, "spec.predictor.model.resources.limits.memory: '2GiB'"),
        (("spec", "predicter"), {}, "spec.predicter: unknown field, did you mean predictor?"),
        (("Spec",), {}, "Spec: unknown field, did you mean spec?"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(path: tuple[str, ...], value: object, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_manifest(broken("standard", path, value))
    (problem,) = caught.value.problems
    assert problem.message.startswith(message)
    assert "0.20.0" in problem.hint


def test_a_canary_needs_what_the_schema_asks_for() -> None:
    manifest = broken("standard-canary", ("spec", "canary", 0, "predictor", "model"), {"modelFormat": {"name": "x"}})
    with pytest.raises(InvalidInputError, match=r"spec\.canary\[0\]\.predictor\.model: 'name' is a required property"):
        check_manifest(manifest)


def test_all_problems_are_said_at_once() -> None:
    manifest = broken("standard", (*MODEL, "storageURI"), "x")
    manifest["spec"]["predictor"]["minReplicas"] = "four"
    with pytest.raises(InvalidInputError) as caught:
        check_manifest(manifest)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("name", MANIFESTS)
def test_free_fields_stay_free(name: str) -> None:
    check_manifest(broken(name, ("metadata", "annotations", "any/key"), "value"))
    check_manifest(broken(name, (*MODEL, "resources", "limits"), {"nvidia.com/gpu": 1}))
