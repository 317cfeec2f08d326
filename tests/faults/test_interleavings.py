"""Two to four runners in any order of their calls, killed, started again, with pushes in between: one true log."""

import random
from collections import defaultdict

import pytest

from mlops_kit.commands.status import read_status
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, PromotionKind, PromotionRecord, Sync
from tests.faults.children import Note, count_trials, random_source
from tests.faults.interleaving import Play
from tests.faults.log_model import LogModel
from tests.faults.stage import BRANCHES, CONFIG
from tests.unit.promotion.scene import CHURN, DEV, PRODUCTION, STAGING, Scene, digest_of

pytestmark = pytest.mark.faults
AFTER = {DEV: None, STAGING: DEV, PRODUCTION: STAGING}


class People:
    """Who pushes, and in which order."""

    def __init__(self, scene: Scene, source: random.Random) -> None:
        self.scene, self.source = scene, source
        self.heads: dict[EnvironmentName, list[CommitSha]] = defaultdict(list)

    def push(self) -> None:
        """A new commit with some bytes on some branches."""
        letter = self.source.choice("abc")
        for branch in sorted(self.source.sample(BRANCHES, self.source.randint(1, 3))):
            self.heads[EnvironmentName(branch)].append(self.scene.push(branch, churn=letter))


def test_any_interleaving_leaves_one_true_log(record_property: Note) -> None:
    source, turns, killed, records = random_source("interleavings"), 0, 0, 0
    for trial in range(count_trials(2)):
        seed = source.random()
        try:
            play = play_once(random.Random(seed))  # noqa: S311 - no secret
        except BaseException:
            print(f"trial {trial}: seed {seed!r}")
            raise
        turns, killed = turns + play.turns, killed + play.killed
        records += len(play.scene.log.read_records())
    told = f"{count_trials(2)}, {turns} calls in any order, {killed} runners killed, {records} records"
    record_property("trials", f"interleavings of 2 to 4 runners: {told}")
    assert records > 0


def play_once(source: random.Random) -> Play:
    scene = Scene(config=CONFIG)
    people = People(scene, source)
    people.push()
    together = source.randint(2, 4)
    play = Play(scene=scene, source=source, push=people.push, together=together, runs=together + source.randint(0, 3))
    play.run()
    model = LogModel(heads=people.heads, after=AFTER)
    model.check(scene.log.read_records())
    model.check_kept(play.accepted, scene.log.read_records())
    settle(scene)
    model.check(scene.log.read_records())
    return play


def settle(scene: Scene) -> None:
    """Two clean runs lead to the end, the third writes nothing; log, alias and target are one."""
    for _ in range(2):
        scene.reconcile()
    writes = scene.writes
    scene.reconcile()
    assert scene.writes == writes
    for name, environment in read_status(scene.world).environments.items():
        for state in environment.models.values():
            if state.live:
                assert (state.registry, state.serving or state.live) == (state.live, state.live), (name, state)
            if state.sync is not Sync.BLOCKED:
                assert (state.sync, state.desired) == (Sync.SYNCED, state.live), (name, state)


def record(seq: int, letter: str, previous: Digest | None, commit: CommitSha) -> PromotionRecord:
    return PromotionRecord(
        model=CHURN,
        environment=DEV,
        seq=seq,
        digest=digest_of(letter),
        sha256="a" * 64,
        recipe="",
        previous=previous,
        kind=PromotionKind.PROMOTE,
        commit=commit,
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ((record(2, "b", digest_of("a"), CommitSha("2")),), "a gap or a fork"),
        ((record(1, "a", None, CommitSha("2")), record(2, "b", digest_of("a"), CommitSha("1"))), "went back"),
        ((record(1, "a", None, CommitSha("1")), record(2, "b", digest_of("c"), CommitSha("2"))), "does not follow"),
        ((record(1, "a", None, CommitSha("1")), record(2, "a", digest_of("a"), CommitSha("2"))), "changes nothing"),
    ],
)
def test_the_model_refuses_what_cannot_have_come_about(wrong: tuple[PromotionRecord, ...], why: str) -> None:
    model = LogModel(heads={DEV: [CommitSha("1"), CommitSha("2")]}, after=AFTER)
    with pytest.raises(AssertionError, match=why):
        model.check(wrong)
