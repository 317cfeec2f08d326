"""Roll-outs: at once, in steps, given up, and what the log remembers of them."""

from dataclasses import replace
from datetime import datetime

import pytest

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.retry import retry_aborted
from mlops_kit.core.config import Deploy, parse_config
from mlops_kit.core.errors import ExitCode, InputError
from mlops_kit.core.types import Health, NoteKind, Sync
from mlops_kit.testing.deployer import MemoryDeployer
from tests.unit.promotion.scene import CHURN, DEV, ONE, Scene, digest_of

STEPS = ONE.replace("branch: dev}", "branch: dev, deploy: {kind: memory, canary: {steps: [10, 50, 100], wait: 5m}}}")
AT_ONCE = ONE.replace("branch: dev}", "branch: dev, deploy: {kind: memory, patience: 1m}}")


def scene_with_stable(config: str = STEPS) -> Scene:
    scene = Scene(config=config)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.push("dev", churn="b")
    return scene


def passed(scene: Scene, since: datetime) -> float:
    return (scene.clock.now() - since).total_seconds()


def test_the_first_version_comes_out_all_at_once() -> None:
    scene = scene_with_stable()
    assert scene.deployers.target.shifts == []
    assert scene.deployers.target.running[DEV, CHURN] == digest_of("a")


def test_a_canary_takes_its_steps_and_waits_at_each() -> None:
    scene = scene_with_stable()
    begin = scene.clock.now()
    (outcome,) = scene.reconcile()
    assert outcome.code is ExitCode.DONE
    assert scene.deployers.target.shifts == [10, 50]
    assert scene.deployers.target.running[DEV, CHURN] == digest_of("b")
    assert 600 <= passed(scene, begin) < 660


def test_an_unwell_canary_goes_back_to_the_stable_version_and_is_noted() -> None:
    scene = scene_with_stable()
    scene.deployers.target.canary_health = Health.DEGRADED
    (outcome,) = scene.reconcile()
    assert outcome.code is ExitCode.OUTSIDE
    assert "at 10 %" in outcome.failures[0].problem.message
    assert "all traffic is back at the stable version" in outcome.failures[0].problem.message
    assert "--retry" in outcome.failures[0].problem.hint
    assert scene.deployers.target.running[DEV, CHURN] == digest_of("a")
    assert scene.deployers.target.canaries == {}
    (note,) = scene.log.read_notes()
    assert (note.kind, note.record, note.seq) == (NoteKind.ABORTED, 2, 1)
    assert scene.story() == "1 bootstrap a, 2 promote b"


def test_a_canary_that_fails_its_smoke_test_is_aborted() -> None:
    scene = scene_with_stable()
    scene.deployers.target.test_error = "no prediction"
    (outcome,) = scene.reconcile()
    assert "the smoke test failed" in outcome.failures[0].problem.message
    assert scene.deployers.target.shifts == [10]
    assert scene.log.read_notes()[0].kind is NoteKind.ABORTED


def test_a_version_that_never_becomes_healthy_is_given_up_after_the_patience() -> None:
    scene = Scene(config=AT_ONCE)
    scene.deployers.target.health = Health.PROGRESSING
    scene.push("dev", churn="a")
    begin = scene.clock.now()
    (outcome,) = scene.reconcile()
    assert "is not well: Progressing" in outcome.failures[0].problem.message
    assert passed(scene, begin) < 70
    assert scene.log.read_notes()[0].reason.endswith("is not well: Progressing")


def test_a_target_that_gives_no_answer_is_tried_again_without_a_note() -> None:
    scene = scene_with_stable()
    plan = scene.plan("dev")
    assert plan.changes
    scene.deployers.target.down = True
    (outcome,) = scene.reconcile()
    assert outcome.code is ExitCode.OUTSIDE
    assert scene.log.read_notes() == ()
    scene.deployers.target.down = False
    scene.reconcile()
    assert scene.deployers.target.running[DEV, CHURN] == digest_of("b")


@pytest.mark.parametrize("steps", ["[50, 10]", "[0, 50]", "[10, 10]", "[50, 101]", "[]", "10"])
def test_steps_must_rise_between_1_and_100(steps: str) -> None:
    with pytest.raises(InputError, match="canary"):
        parse_config(STEPS.replace("[10, 50, 100]", steps).encode(), file="mlops.yaml")


def test_after_an_aborted_canary_the_stable_version_stays_until_somebody_says_otherwise() -> None:
    scene = scene_with_stable()
    scene.deployers.target.canary_health = Health.DEGRADED
    scene.reconcile()
    scene.deployers.target.canary_health = Health.HEALTHY
    for _ in range(2):
        (outcome,) = scene.reconcile()
        assert (outcome.code, outcome.done) == (ExitCode.REFUSED, ())
        assert "the roll-out of #2 was aborted" in outcome.blocked[0].reason
    assert scene.deployers.target.running[DEV, CHURN] == digest_of("a")
    assert retry_aborted(scene.world, ["dev"])
    scene.reconcile()
    assert scene.deployers.target.running[DEV, CHURN] == digest_of("b")


def test_a_target_that_lost_its_version_gets_it_again_and_a_suspended_one_is_told() -> None:
    scene = Scene(config=AT_ONCE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.deployers.target.running.clear()
    assert scene.state().health is Health.MISSING
    assert scene.verbs(scene.reconcile()) == ["dev deploy"]
    scene.deployers.target.health = Health.SUSPENDED
    assert (scene.state().sync, scene.state().health) == (Sync.SYNCED, Health.SUSPENDED)
    assert scene.verbs(scene.reconcile()) == []


def test_steps_on_a_target_without_them_are_refused_before_anything_is_written() -> None:
    class AllAtOnce:
        def __init__(self, target: MemoryDeployer) -> None:
            self.observe, self.deploy, self.test = target.observe, target.deploy, target.test

        def open_deployer(self, deploy: Deploy) -> "AllAtOnce":
            assert deploy.kind == "memory"
            return self

    scene = scene_with_stable()
    world = replace(scene.world, deployers=AllAtOnce(scene.deployers.target))
    writes = scene.writes
    (outcome,) = reconcile(world)
    assert outcome.code is ExitCode.INPUT
    assert "all at once" in outcome.failures[0].problem.message
    assert scene.writes == writes
