"""From whatever log, registry, serving target and board it begins, promotion comes to rest within two runs."""

import random
from dataclasses import dataclass
from datetime import timedelta

import pytest

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.core.forge import Announcement, DeploymentState
from mlops_kit.core.promotion.standing import find_hold
from mlops_kit.core.types import (
    Digest,
    EnvironmentName,
    Model,
    ModelName,
    NoteKind,
    PromotionKind,
    PromotionRecord,
    RegisteredVersion,
    Sync,
)
from mlops_kit.core.types import Note as LogNote
from mlops_kit.testing.board import MemoryBoard
from tests.faults.children import Note, count_trials, random_source
from tests.faults.stage import BRANCHES, CONFIG
from tests.unit.promotion.scene import CHURN, Scene, digest_of

pytestmark = pytest.mark.faults
LETTERS = "abc"
MODELS = (CHURN, ModelName("uplift"))
ENVIRONMENTS = tuple(EnvironmentName(branch) for branch in BRANCHES)


def test_every_random_beginning_comes_to_rest(record_property: Note) -> None:
    source, moved = random_source("states"), 0
    for trial in range(count_trials()):
        seed = source.random()
        try:
            moved += play_once(random.Random(seed))  # noqa: S311 - no secret
        except BaseException:
            print(f"trial {trial}: seed {seed!r}")
            raise
    told = f"{count_trials()} of {len(MODELS)} models in {len(ENVIRONMENTS)} environments"
    record_property("trials", f"random beginnings: {told}, of which {moved} had to be changed")
    assert moved > 0


def play_once(source: random.Random) -> bool:
    """Disorder, then two runs, then one that writes nothing; whether the first two had anything to do."""
    heal = source.random() < 0.5
    scene = Scene(config=CONFIG.replace("branch: dev,", f"branch: dev, self-heal: {str(heal).lower()},"))
    scene.board = MemoryBoard() if source.random() < 0.5 else None
    disorder(scene, source)
    writes = all_writes(scene)
    for _ in range(2):
        scene.clock.advance(timedelta(minutes=1))
        reconcile(scene.world)
    moved = all_writes(scene) > writes
    assert_rests(scene)
    for model in MODELS:
        check_end(scene, EnvironmentName("dev"), model, healed=heal)
    return moved


def disorder(scene: Scene, source: random.Random) -> None:
    """Random pushes; and records, notes, versions, aliases, deployments, announcements that need not fit each other."""
    for _ in range(source.randint(1, 4)):
        branches = sorted(source.sample(BRANCHES, source.randint(1, 3)))
        scene.push(*branches, **{model: source.choice(LETTERS) for model in MODELS})
    for branch in list(scene.git.branches):
        for model in MODELS:
            disorder_place(scene, source, Place(EnvironmentName(branch), model))


@dataclass(frozen=True)
class Place:
    """One model in one environment."""

    environment: EnvironmentName
    model: ModelName


def disorder_place(scene: Scene, source: random.Random, place: Place) -> None:
    previous = None
    for seq in range(1, source.randint(1, 4)):
        entry = record(scene, source, place, seq, previous)
        scene.log.append_record(entry)
        previous = entry.digest
    last = len(scene.records(place.environment, place.model))
    for seq in range(1, source.choice((1, 1, 1, 3))):
        scene.log.append_note(note(scene, source, place, seq, last))
    if source.random() < 0.5:
        running = scene.deployers.target.running
        running[place.environment, place.model] = digest_of(source.choice("abcz"))
    if source.random() < 0.5:
        point(scene, source, place, last)
    if scene.board and last and source.random() < 0.5:
        scene.board.announce(announcement(scene, source, place))


def record(
    scene: Scene, source: random.Random, place: Place, seq: int, previous: Digest | None = None
) -> PromotionRecord:
    return PromotionRecord(
        model=place.model,
        environment=place.environment,
        seq=seq,
        digest=digest_of(source.choice(LETTERS)),
        sha256="a" * 64,
        recipe="",
        previous=previous,
        kind=PromotionKind.PROMOTE,
        commit=scene.git.branches[place.environment],
        recorded_at=scene.clock.now(),
    )


def note(scene: Scene, source: random.Random, place: Place, seq: int, last: int) -> LogNote:
    return LogNote(
        model=place.model,
        environment=place.environment,
        seq=seq,
        kind=source.choice(list(NoteKind)),
        commit=scene.git.branches[place.environment],
        record=last,
        reason="as it happened",
        recorded_at=scene.clock.now(),
    )


def announcement(scene: Scene, source: random.Random, place: Place) -> Announcement:
    live = source.choice(scene.records(place.environment, place.model))
    return Announcement(
        model=place.model,
        environment=place.environment,
        seq=live.seq,
        digest=live.digest,
        commit=live.commit,
        state=source.choice(list(DeploymentState)),
    )


def point(scene: Scene, source: random.Random, place: Place, last: int) -> None:
    """An alias on a version of the kit's or of somebody else's, noted for any number up to the log's last.

    Some digests have two versions, as after a race.
    """
    entry = record(scene, source, place, seq=1)
    if source.random() < 0.3:
        number = scene.registry.add_foreign_version(place.model)
    else:
        model = Model(name=place.model, path="churn.bin", file="dvc.yaml", digest=entry.digest)
        files = scene.artifacts.fetch_model(model, entry.commit)
        number = scene.registry.ensure_version(entry, files).number
    if source.random() < 0.3:
        scene.registry.add_version(place.model, entry.digest)
    version = RegisteredVersion(model=place.model, number=number, digest=digest_of("a"))
    scene.registry.set_alias(version, place.environment, seq=source.randint(0, last))


def all_writes(scene: Scene) -> int:
    return scene.writes + (scene.board.writes if scene.board else 0)


def assert_rests(scene: Scene) -> None:
    """Another run writes nothing."""
    writes = all_writes(scene)
    outcomes = scene.reconcile()
    assert all_writes(scene) == writes
    assert all(outcome.done == () for outcome in outcomes)


def check_end(scene: Scene, environment: EnvironmentName, model: ModelName, *, healed: bool) -> None:
    """Dev has no policy: it ends where its branch is, but for what hands moved and nobody asked to heal.

    What somebody holds stays as it is, and a roll-out that was aborted is not tried again.
    """
    if environment not in scene.git.branches:
        return
    state = scene.state(environment, model)
    notes = [one for one in scene.log.read_notes() if (one.environment, one.model) == (environment, model)]
    if find_hold(notes):
        assert state.live == state.desired or state.sync is Sync.BLOCKED
        return
    assert state.live == state.desired
    if healed:
        assert (state.registry, state.serving) == (state.live, state.live) or state.sync is Sync.BLOCKED
