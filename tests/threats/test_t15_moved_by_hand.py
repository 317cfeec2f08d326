"""T15: what people move by hand in the registry is put back or told within one interval, and never fought over."""

import random
from datetime import datetime, timedelta

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.healing import HEAL_LIMIT, HEAL_PERIOD
from mlops_kit.core.promotion.outcome import Outcome
from mlops_kit.core.types import NoteKind
from tests.faults.stage import git
from tests.integration.test_promotion_verbs import CONFIG, Shop, shop
from tests.unit.promotion.scene import CHURN, DEV, ONE, Scene, digest_of

__all__ = ["shop"]
HEALING = ONE.replace("branch: dev", "branch: dev, self-heal: true")
MOVES = 200


def settled(config: str) -> Scene:
    """Three versions and one of somebody else's; the third is live."""
    scene = Scene(config=config)
    for letter in "abc":
        scene.push("dev", churn=letter)
        scene.reconcile()
    scene.registry.add_foreign_version(CHURN)
    return scene


def move(scene: Scene, source: random.Random) -> None:
    """Point the alias anywhere else, or take it away together with the version that it pointed to."""
    live = scene.registry.read_version(CHURN, digest_of("c"))
    if live and source.random() < 0.2:
        scene.registry.delete_version(CHURN, live.number)
    else:
        scene.registry.move_alias(CHURN, DEV, source.choice("124"))


def told(outcome: Outcome) -> bool:
    return outcome.code is ExitCode.DIFFERENCE and any("by hand" in remark.message for remark in outcome.remarks)


def heals(scene: Scene) -> list[datetime]:
    found = [note.recorded_at for note in scene.log.read_notes() if note.kind is NoteKind.HEALED]
    return [moment for moment in found if moment is not None]


def is_right(scene: Scene) -> bool:
    return scene.state().registry == str(digest_of("c"))


@pytest.mark.parametrize("minutes", [5, 10, 19, 25, 60])
def test_t15_two_hundred_moves_are_put_back_or_told_in_one_interval(minutes: int) -> None:
    scene, source, alerts = settled(HEALING), random.Random(minutes), 0  # noqa: S311 - no secret
    for _ in range(MOVES):
        move(scene, source)
        scene.clock.advance(timedelta(minutes=minutes))
        (outcome,) = scene.reconcile()
        alerts += told(outcome)
        assert is_right(scene) or told(outcome)

    scene.clock.advance(HEAL_PERIOD)
    scene.reconcile()
    assert is_right(scene)
    assert (alerts == 0) is (minutes * HEAL_LIMIT >= 60)


@pytest.mark.parametrize("minutes", [1, 5, 19, 25])
def test_t15_nothing_is_put_back_more_than_three_times_an_hour(minutes: int) -> None:
    scene, source = settled(HEALING), random.Random(minutes)  # noqa: S311 - no secret
    for _ in range(MOVES):
        move(scene, source)
        scene.clock.advance(timedelta(minutes=minutes))
        scene.reconcile()

    moments = heals(scene)
    assert max(sum(begin <= one < begin + HEAL_PERIOD for one in moments) for begin in moments) == HEAL_LIMIT


def test_t15_without_self_heal_two_hundred_moves_are_all_told_and_none_is_touched() -> None:
    scene, source = settled(ONE), random.Random(15)  # noqa: S311 - no secret
    for _ in range(MOVES):
        move(scene, source)
        before, writes = scene.state().registry, scene.writes
        (outcome,) = scene.reconcile()
        assert is_right(scene) or told(outcome)
        assert (scene.state().registry, scene.writes) == (before, writes)


def test_t15_what_is_fought_over_is_told_and_left_and_a_new_version_still_enters() -> None:
    scene = settled(HEALING)
    for _ in range(HEAL_LIMIT):
        scene.registry.move_alias(CHURN, DEV, "1")
        (outcome,) = scene.reconcile()
        assert outcome.code is ExitCode.DONE
    scene.registry.move_alias(CHURN, DEV, "1")
    (outcome,) = scene.reconcile()

    assert outcome.code is ExitCode.DIFFERENCE
    assert outcome.remarks[0].message == (
        f"the alias was moved by hand to {digest_of('a')}, and was put back 3 times within the hour: "
        "it stays until somebody finds out who moves it"
    )
    scene.push("dev", churn="d")
    assert scene.verbs(scene.reconcile()) == ["dev register", "dev record", "dev set-alias"]


def test_t15_every_runner_counts_what_others_put_back(shop: Shop) -> None:
    from mlops_kit.adapters.mlflow.session import MlflowSession

    config = CONFIG.replace("branch: dev,", "branch: dev, self-heal: true,")
    for model in ("one", "two"):
        shop.push("dev", model=model, accuracy=0.9, config=config)
        assert shop.run("reconcile", "dev") == 0
    client = MlflowSession("", shop.clone).client

    def reconcile_a_move() -> int:
        client.set_registered_model_alias("churn", "dev", "1")
        git(shop.clone, "tag", "--delete", *git(shop.clone, "tag", "--list", "mlops/*").split())
        return shop.run("reconcile", "dev")

    assert [reconcile_a_move() for _ in range(HEAL_LIMIT + 1)] == [0, 0, 0, 3]
    assert "was put back 3 times within the hour" in shop.output
    assert git(shop.clone, "ls-remote", "--tags", "origin", "refs/tags/mlops/churn/dev/note/*").count("^{}") == 3
    assert shop.run("history") == 0
    assert shop.output.count("churn was put back in dev") == HEAL_LIMIT
