"""Models that enter together or not at all."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from mlops_kit.commands.reconcile import compare
from mlops_kit.core.errors import ExitCode, OutsideError
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.tracking import NO_LINEAGE, Lineage
from mlops_kit.core.types import (
    Digest,
    EnvironmentName,
    ModelName,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
)
from mlops_kit.testing.registry import MemoryRegistry
from tests.unit.promotion.scene import CHURN, DEV, ONE, STAGING, Scene, digest_of

UPLIFT, OTHER = ModelName("uplift"), ModelName("other")
BUNDLE = ONE + "bundle: {pricing: [churn, uplift]}\n"
SOAK = """
version: 1
environments:
  dev: {branch: dev}
  staging: {branch: staging, after: dev, soak: 1h}
bundle: {pricing: [churn, uplift]}
"""


def blocked(scene: Scene, environment: EnvironmentName = DEV) -> dict[str, str]:
    (outcome,) = scene.reconcile(environment)
    return {one.model: one.reason for one in outcome.blocked}


def entered(scene: Scene, environment: EnvironmentName = DEV) -> list[str]:
    return [record.model for record in scene.log.read_records() if record.environment == environment]


def test_a_bundle_that_is_whole_enters() -> None:
    scene = Scene(config=BUNDLE)
    scene.push("dev", churn="a", uplift="b")
    assert (blocked(scene), entered(scene)) == ({}, ["churn", "uplift"])


def test_one_that_must_wait_holds_back_the_others_of_its_bundle_and_no_other_model() -> None:
    scene = Scene(config=SOAK)
    scene.push("dev", churn="a", uplift="b", other="c")
    scene.reconcile()
    scene.clock.advance(timedelta(hours=2))
    scene.push("dev", "staging", churn="a", uplift="new", other="c")
    scene.reconcile("dev")
    assert blocked(scene, STAGING) == {
        "churn": "bundle pricing: uplift is held back: soaking in dev: 59 min 59 s of 1 h left",
        "uplift": "soaking in dev: 59 min 59 s of 1 h left",
    }
    assert entered(scene, STAGING) == ["other"]
    scene.clock.advance(timedelta(hours=1))
    assert (blocked(scene, STAGING), entered(scene, STAGING)) == ({}, ["churn", "other", "uplift"])


@pytest.mark.parametrize(("models", "why"), [
    ({"churn": "a"}, "uplift is held back: no such model is known here"),
    ({"churn": "a", "uplift": ""}, "uplift is held back: nothing is desired for it"),
])  # fmt: skip
def test_one_that_nothing_asks_for_holds_back_the_others(models: dict[str, str], why: str) -> None:
    scene = Scene(config=BUNDLE)
    scene.push("dev", **models)
    assert blocked(scene)["churn"] == f"bundle pricing: {why}"
    assert (entered(scene), scene.writes) == ([], 0)


def test_one_that_cannot_be_read_holds_back_the_others() -> None:
    class Half(MemoryRegistry):
        def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
            return {model: RegistryReading() for model in wanted if model == CHURN}

    scene = Scene(config=BUNDLE, registry=Half())
    scene.push("dev", churn="a", uplift="b")
    (outcome,) = scene.reconcile()
    assert [one.model for one in outcome.unknown] == [UPLIFT]
    assert outcome.blocked[0].reason.startswith("bundle pricing: uplift is held back: the registry did not say")
    assert scene.writes == 0


def test_what_is_live_is_repaired_whatever_the_bundle_waits_for() -> None:
    scene = Scene(config=BUNDLE)
    scene.push("dev", churn="a", uplift="b")
    scene.reconcile()
    scene.registry.delete_model(CHURN)
    scene.push("dev", churn="a", uplift="")
    (outcome,) = scene.reconcile()
    assert [(change.model, change.verb) for change in outcome.done] == [(CHURN, "register"), (CHURN, "set-alias")]
    assert outcome.code is ExitCode.DONE


def test_a_model_of_two_bundles_hands_on_what_holds_it_back() -> None:
    scene = Scene(config=ONE + "bundle: {one: [a, b], two: [b, c]}\n")
    scene.push("dev", a="", b="b", c="c", d="d")
    assert blocked(scene) == {
        "b": "bundle one: a is held back: nothing is desired for it",
        "c": "bundle two: b is held back: bundle one: a is held back: nothing is desired for it",
    }
    assert entered(scene) == ["d"]


def test_a_failure_halfway_stops_no_other_model() -> None:
    class Refusing(MemoryRegistry):
        def ensure_version(
            self, record: PromotionRecord, files: ModelFiles, lineage: Lineage = NO_LINEAGE
        ) -> RegisteredVersion:
            if record.model == CHURN:
                raise OutsideError("the artifact store is full")
            return super().ensure_version(record, files, lineage)

    scene = Scene(config=BUNDLE, registry=Refusing())
    scene.push("dev", churn="a", uplift="b", other="c")
    (outcome,) = scene.reconcile()
    assert [failure.model for failure in outcome.failures] == [CHURN]
    assert entered(scene) == ["other", "uplift"]


def test_a_bundle_goes_back_together() -> None:
    scene = Scene(config=BUNDLE)
    for letter in "abc":
        scene.push("dev", churn=letter, uplift=letter)
        scene.reconcile()
    scene.push("dev", churn="a", uplift="a")
    assert (blocked(scene), scene.story()) == ({}, "1 bootstrap a, 2 promote b, 3 promote c, 4 rollback a")
    assert scene.records(DEV, UPLIFT)[-1].digest == digest_of("a")
    assert compare(scene.world)[0].code is ExitCode.DONE
