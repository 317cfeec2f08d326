"""From whatever log, registry and serving target it begins, promotion comes to rest within two runs."""

import random
from datetime import timedelta

import pytest

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.core.types import (
    EnvironmentName,
    Model,
    PromotionKind,
    PromotionRecord,
    RegisteredVersion,
    Sync,
)
from tests.faults.children import Note, count_trials, random_source
from tests.faults.stage import BRANCHES, CONFIG
from tests.unit.promotion.scene import CHURN, Scene, digest_of

pytestmark = pytest.mark.faults
LETTERS = "abc"


def test_every_random_beginning_comes_to_rest(record_property: Note) -> None:
    source, moved = random_source("states"), 0
    for _ in range(count_trials()):
        heal = "true" if source.random() < 0.5 else "false"
        scene = Scene(config=CONFIG.replace("branch: dev,", f"branch: dev, self-heal: {heal},"))
        disorder(scene, source)
        writes = scene.writes
        for _ in range(2):
            scene.clock.advance(timedelta(minutes=1))
            reconcile(scene.world)
        moved += scene.writes > writes
        assert_rests(scene)
        check_end(scene, EnvironmentName("dev"), healed=heal == "true")
    record_property("trials", f"random beginnings: {count_trials()}, of which {moved} had to be changed")
    assert moved > 0


def disorder(scene: Scene, source: random.Random) -> None:
    """Random pushes, and records, versions, aliases and deployments that need not fit each other."""
    for _ in range(source.randint(1, 4)):
        scene.push(*sorted(source.sample(BRANCHES, source.randint(1, 3))), churn=source.choice(LETTERS))
    for branch in list(scene.git.branches):
        environment = EnvironmentName(branch)
        for seq in range(1, source.randint(1, 4)):
            scene.log.append_record(record(scene, source, environment, seq))
        if source.random() < 0.5:
            scene.deployers.target.running[environment, CHURN] = digest_of(source.choice("abcz"))
        if source.random() < 0.5:
            point(scene, source, environment)


def record(scene: Scene, source: random.Random, environment: EnvironmentName, seq: int) -> PromotionRecord:
    return PromotionRecord(
        model=CHURN,
        environment=environment,
        seq=seq,
        digest=digest_of(source.choice(LETTERS)),
        sha256="a" * 64,
        recipe="",
        previous=None,
        kind=PromotionKind.PROMOTE,
        commit=scene.git.branches[environment],
        recorded_at=scene.clock.now(),
    )


def point(scene: Scene, source: random.Random, environment: EnvironmentName) -> None:
    """An alias on a version of the kit's or of somebody else's, noted for any number up to the log's last."""
    last = max((found.seq for found in scene.records(environment)), default=0)
    if source.random() < 0.3:
        number = scene.registry.add_foreign_version(CHURN)
    else:
        entry = record(scene, source, environment, seq=1)
        model = Model(name=CHURN, path="churn.bin", file="dvc.yaml", digest=entry.digest)
        files = scene.artifacts.fetch_model(model, entry.commit)
        number = scene.registry.ensure_version(entry, files).number
    version = RegisteredVersion(model=CHURN, number=number, digest=digest_of("a"))
    scene.registry.set_alias(version, environment, seq=source.randint(0, last))


def assert_rests(scene: Scene) -> None:
    """Another run writes nothing."""
    writes = scene.writes
    outcomes = scene.reconcile()
    assert scene.writes == writes
    assert all(outcome.done == () for outcome in outcomes)


def check_end(scene: Scene, environment: EnvironmentName, *, healed: bool) -> None:
    """Dev has no policy: it ends where its branch is, but for what hands moved and nobody asked to heal."""
    if environment not in scene.git.branches:
        return
    state = scene.state(environment)
    assert state.live == state.desired
    if healed:
        assert (state.sync, state.registry, state.serving) == (Sync.SYNCED, state.live, state.live)
