"""T16: a version or alias that somebody deleted is found, and nothing else moves; other bytes are another version."""

from pathlib import Path

import pytest

from mlops_kit.adapters.mlflow.session import MlflowSession
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.types import Sync
from tests.integration.test_promotion_verbs import CONFIG, Shop, shop
from tests.unit.promotion.scene import CHURN, DEV, ONE, PRODUCTION, STAGING, THREE, Scene, digest_of

__all__ = ["shop"]


@pytest.mark.parametrize("step", range(5))
def test_t16_a_version_deleted_between_any_two_steps_is_told_and_no_other_alias_moves(step: int) -> None:
    """Before each of the steps of a story through all environments the first version goes."""
    scene = Scene(config=THREE)
    steps = [("dev", "a"), ("staging", "a"), ("production", "a"), ("dev", "b"), ("staging", "b")]
    for at, (branch, letter) in enumerate(steps):
        version = scene.registry.read_version(CHURN, digest_of("a"))
        if at == step and version:
            scene.registry.delete_version(CHURN, version.number)
        scene.push(branch, churn=letter)
        scene.reconcile()

    outcomes = scene.reconcile()
    for environment in (DEV, STAGING, PRODUCTION):
        state = scene.state(environment)
        assert state.registry == state.live or is_told(outcomes, environment), environment


def is_told(outcomes: tuple[Outcome, ...], environment: str) -> bool:
    (outcome,) = (one for one in outcomes if one.environment == environment)
    moved = any("moved by hand to nothing" in remark.message for remark in outcome.remarks)
    return moved and outcome.code is ExitCode.DIFFERENCE


def test_t16_a_deleted_alias_is_out_of_sync_and_stays_so_for_a_person() -> None:
    scene = Scene(config=ONE)
    scene.push("dev", churn="a")
    scene.reconcile()
    scene.registry.delete_version(CHURN, "1")
    writes = scene.writes

    (outcome,) = scene.reconcile()
    assert (outcome.code, scene.writes) == (ExitCode.DIFFERENCE, writes)
    assert scene.state(DEV).sync is Sync.OUT_OF_SYNC


def test_t16_other_bytes_under_the_same_run_and_digest_are_found_and_put_right(shop: Shop, tmp_path: Path) -> None:
    """Somebody puts other bytes into our run, registers them with our version's tags, and points the alias there."""
    shop.push("dev", model="one", accuracy=0.9, config=CONFIG)
    assert shop.run("reconcile", "dev") == 0
    client = MlflowSession("", shop.clone).client
    ours = client.get_model_version_by_alias("churn", "dev")
    (tmp_path / "churn.bin").write_text("evil")
    client.log_artifact(str(ours.run_id), str(tmp_path / "churn.bin"), "evil")
    source = str(ours.source).removesuffix("/model") + "/evil"
    theirs = client.create_model_version("churn", source, run_id=ours.run_id, tags=dict(ours.tags))
    client.set_registered_model_alias("churn", "dev", theirs.version)

    assert shop.run("status", "--check") == 3
    assert shop.run("reconcile", "dev") == 0
    assert client.get_model_version_by_alias("churn", "dev").version == ours.version
    assert shop.run("status", "--check") == 0
