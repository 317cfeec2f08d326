"""What promotion asks the gates about: the branch's head beside the live version, both from git."""

import json

import pytest

from mlops_kit.commands.plan import plan_environments
from mlops_kit.core.types import CommitSha, Digest, ModelName, PromotionKind, PromotionRecord
from tests.unit.promotion.scene import DEV, Scene
from tests.unit.review.pipelines import project_files

PICTURE = "train: t.csv={model} -> m.pkl={model}\nevaluate: m.pkl={model} test.csv={test} -> !metrics.json={metrics}"
CONFIG = "version: 1\nenvironments: {{dev: {{branch: dev, gates: [{gate}]}}}}\n"
SCATTER = (0.90, 0.93, 0.89, 0.92, 0.88, 0.91)


def merge(scene: Scene, accuracy: float, *, model: str, test: str = "e") -> CommitSha:
    """A commit on dev, with a new model."""
    metrics = json.dumps({"accuracy": accuracy}, separators=(",", ":"))
    made = project_files(PICTURE.format(model=model, test=test, metrics=metrics), models="clf=m.pkl")
    return scene.git.commit("dev", {**made, "metrics.json": metrics.encode(), "mlops.yaml": scene.config.encode()})


def record(scene: Scene, commit: CommitSha) -> None:
    """The commit's model is live in dev."""
    lock = json.loads(scene.git.read_files(commit, ["dvc.lock"])["dvc.lock"])
    value = lock["stages"]["train"]["outs"][0]["md5"]
    scene.log.append_record(
        PromotionRecord(
            model=ModelName("clf"),
            environment=DEV,
            seq=1,
            digest=Digest(algorithm="md5", value=value),
            sha256="0" * 64,
            recipe="",
            previous=None,
            kind=PromotionKind.BOOTSTRAP,
            commit=commit,
        )
    )


def blocked(scene: Scene) -> str:
    """Why the promotion is held back; empty where it is not."""
    return "; ".join(found.reason for found in plan_environments(scene.world, ["dev"]).blocked)


@pytest.mark.parametrize("against", ["base", "live"])
def test_a_version_that_was_measured_on_other_data_does_not_enter(against: str) -> None:
    gate = f"{{metric: accuracy, max-drop: 0.1, against: {against}, require-comparable: true}}"
    scene = Scene(config=CONFIG.format(gate=gate))
    record(scene, merge(scene, 0.9, model="a"))
    merge(scene, 0.95, model="b", test="other")
    assert "not-evaluable (not comparable: test data changed test.csv" in blocked(scene)
    merge(scene, 0.95, model="c")
    assert blocked(scene) == ""


def test_a_first_version_has_nothing_to_be_compared_with() -> None:
    scene = Scene(config=CONFIG.format(gate="{metric: accuracy, min: 0.8, max-drop: 0, require-comparable: true}"))
    merge(scene, 0.9, model="a")
    assert blocked(scene) == ""
    merge(scene, 0.7, model="b")
    assert "0.7 is under the minimum 0.8" in blocked(scene)


def test_a_breach_that_the_branch_s_history_explains_does_not_hold_a_version_back() -> None:
    scene = Scene(config=CONFIG.format(gate="{metric: accuracy, max-drop: 0.01, against: live}"))
    commits = [merge(scene, value, model=str(value)) for value in SCATTER]
    record(scene, commits[-1])
    merge(scene, 0.88, model="new")
    assert blocked(scene) == ""
    merge(scene, 0.8, model="newer")
    assert "a drop of 0.11 from 0.91 is over the allowed 0.01" in blocked(scene)
