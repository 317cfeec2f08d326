"""Renders InferenceServices of KServe: values in, YAML text out, the same bytes for the same values.

While a canary is under way, the stable predictor stays in the manifest as it was. In Standard mode the canary is an
entry beside it (KServe 0.20); in Knative mode it takes its place with a share of the traffic, and the stable one is
kept in an annotation. Names, modes and their traps: docs/kserve.md.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mlops_kit.core.types import Digest, ModelName, PromotionRecord

Node = dict[str, Any]
API_VERSION, KIND = "serving.kserve.io/v1beta1", "InferenceService"
MODE = "serving.kserve.io/deploymentMode"
PREFIX = "mlops-kit.dev/"
MODEL, ENVIRONMENT, DIGEST, SEQ, COMMIT = (
    f"{PREFIX}{name}" for name in ("model", "environment", "model-digest", "seq", "git-commit")
)
CANARY_DIGEST, STABLE, SPEC = (f"{PREFIX}{name}" for name in ("canary-digest", "stable-predictor", "spec-sha256"))
MANAGED_BY = "app.kubernetes.io/managed-by"
CONTAINER = "kserve-container"
NOT_OF_CANARIES = frozenset(
    {"maxReplicas", "scaleTarget", "scaleMetric", "scaleMetricType", "autoScaling", "workerSpec"}
)
NAME_LIMIT = 40
_HASH_DIGITS = 10
_PLAIN = re.compile(rf"[a-z](?:[a-z0-9-]{{0,{NAME_LIMIT - 2}}}[a-z0-9])?")
_HASHED = re.compile(rf".*-[0-9a-f]{{{_HASH_DIGITS}}}")
_HEX = re.compile(r"[0-9a-f]{8}")


class Mode(StrEnum):
    """KServe's deployment modes that can be rendered."""

    STANDARD = "Standard"
    KNATIVE = "Knative"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What all versions of a model have in common: where they run, and the predictor but for the version's own part."""

    name: str
    namespace: str
    mode: Mode
    predictor: Mapping[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def kubernetes_name(model: ModelName) -> str:
    """An RFC 1123 label that begins with a letter, of at most 40 characters; no two models share one.

    A name that fits stays. Any other is cut and changed, and gets the hash of the real one; so does one that looks as
    if it had a hash.
    """
    if _PLAIN.fullmatch(model) and not _HASHED.fullmatch(model):
        return model
    plain = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    start = re.sub(r"^[^a-z]+", "", plain)[: NAME_LIMIT - _HASH_DIGITS - 1].rstrip("-") or "model"
    return f"{start}-{hashlib.sha256(model.encode('utf-8', 'surrogatepass')).hexdigest()[:_HASH_DIGITS]}"


def storage_name(digest: Digest) -> str:
    """The digest as one part of a path: all but letters and digits becomes `-`, so `.dir` becomes `-dir`."""
    return re.sub(r"[^A-Za-z0-9]", "-", f"{digest.algorithm}-{digest.value}")


def shown_name(model: ModelName) -> str:
    """A model's name as an annotation can hold it."""
    return model.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def whole(shape: Shape, record: PromotionRecord, storage_uri: str, current: Node | None) -> Node:
    """The manifest that leads all traffic to the record's version.

    What runs already keeps its pods: a canary of the same version becomes the stable one under the name that it has.
    """
    predictor = _predictor(shape, storage_uri)
    if shape.mode is Mode.STANDARD and current is not None:
        canary = _canary_of(current, record.digest)
        name = (canary or stable_predictor(current)).get("name")
        if name:
            predictor |= {"name": name, "model": {"name": CONTAINER, **predictor["model"]}}
    return _manifest(shape, _notes(record), {"predictor": predictor})


def shifted(shape: Shape, record: PromotionRecord, storage_uri: str, current: Node, percent: int) -> Node:
    """The manifest that leads a part of the traffic to the record's version, the stable predictor as it was."""
    notes = {**_kept_notes(current), CANARY_DIGEST: str(record.digest)}
    stable = stable_predictor(current)
    if shape.mode is Mode.KNATIVE:
        predictor = {**_predictor(shape, storage_uri), "canaryTrafficPercent": percent}
        return _manifest(shape, {**notes, STABLE: _compact(stable)}, {"predictor": predictor})
    entry = _canary_predictor(shape, storage_uri, stable, percent)
    known = _canary_of(current, record.digest)
    entry["name"] = known["name"] if known else _pick_name(record.digest, taken=str(stable.get("name", "")))
    return _manifest(shape, notes, {"predictor": stable, "canary": [{"predictor": entry, "trafficPercent": percent}]})


def taken_back(shape: Shape, current: Node) -> Node:
    """The manifest without its canary.

    In Knative mode a share of 0 stays: without it, all traffic would go to the newest revision that is ready, the
    canary, until the stable one has started again.
    """
    if current["metadata"]["annotations"].get(CANARY_DIGEST) is None:
        return current
    stable = stable_predictor(current)
    if shape.mode is Mode.KNATIVE:
        stable = {**stable, "canaryTrafficPercent": 0}
    return _manifest(shape, _kept_notes(current), {"predictor": stable})


def stable_predictor(current: Node) -> Node:
    """The stable predictor: where a Knative canary has its place, the one that was kept."""
    kept = current["metadata"]["annotations"].get(STABLE)
    predictor = json.loads(kept) if kept else current["spec"]["predictor"]
    return {key: value for key, value in predictor.items() if key != "canaryTrafficPercent"}


def mode_of(current: Node) -> str:
    """The deployment mode that a manifest names."""
    return str(current["metadata"]["annotations"].get(MODE, ""))


def is_as_rendered(current: Node) -> bool:
    """Whether nobody changed the manifest's spec since it was rendered."""
    return bool(current["metadata"]["annotations"].get(SPEC) == _hash(current["spec"]))


def _manifest(shape: Shape, notes: Mapping[str, str], spec: Node) -> Node:
    fixed = {MODE: str(shape.mode), SPEC: _hash(spec)}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": shape.name,
            "namespace": shape.namespace,
            "annotations": {**shape.annotations, **notes, **fixed},
            "labels": {**shape.labels, MANAGED_BY: "mlops-kit"},
        },
        "spec": spec,
    }


def _notes(record: PromotionRecord) -> dict[str, str]:
    return {
        MODEL: shown_name(record.model),
        ENVIRONMENT: str(record.environment),
        DIGEST: str(record.digest),
        SEQ: str(record.seq),
        COMMIT: str(record.commit),
    }


def _kept_notes(current: Node) -> dict[str, str]:
    """What the manifest says of its stable version."""
    found = current["metadata"]["annotations"]
    return {key: found[key] for key in (MODEL, ENVIRONMENT, DIGEST, SEQ, COMMIT) if key in found}


def _predictor(shape: Shape, storage_uri: str) -> Node:
    return {**shape.predictor, "model": {**shape.predictor["model"], "storageUri": storage_uri}}


def _canary_predictor(shape: Shape, storage_uri: str, stable: Node, percent: int) -> Node:
    """A predictor as canary entries may be: with a container's name, no more replicas than the stable one has."""
    predictor = {key: value for key, value in _predictor(shape, storage_uri).items() if key not in NOT_OF_CANARIES}
    replicas = int(stable.get("minReplicas", 1))
    predictor["minReplicas"] = math.ceil(replicas * percent / 100)
    predictor["model"] = {"name": CONTAINER, **predictor["model"]}
    return predictor


def _canary_of(current: Node, digest: Digest) -> Node | None:
    """The canary's predictor, where the canary is this version."""
    entries = current["spec"].get("canary", [])
    is_same = current["metadata"]["annotations"].get(CANARY_DIGEST) == str(digest)
    return entries[0]["predictor"] if entries and is_same else None


def _pick_name(digest: Digest, *, taken: str) -> str:
    """`c-` and eight digits of the digest; of its hash where those are the stable one's."""
    short = digest.short if _HEX.fullmatch(digest.short) else ""
    hashed = hashlib.sha256(str(digest).encode()).hexdigest()
    candidates = [short, *(hashed[start : start + 8] for start in (0, 8))]
    return next(name for name in (f"c-{one}" for one in candidates if one) if name != taken)


def _hash(spec: Node) -> str:
    return hashlib.sha256(_compact(spec).encode()).hexdigest()


def _compact(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
