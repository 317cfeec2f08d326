"""Promotion under kill -9, races and random beginnings: it converges, and a settled world is left alone."""

import random
from pathlib import Path

import pytest

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.status import read_status
from mlops_kit.commands.world import World
from mlops_kit.core.promotion.status import ModelStatus
from mlops_kit.core.types import Sync
from tests.faults.children import (
    PARTS,
    Note,
    Tally,
    count_share,
    count_trials,
    kill_after,
    next_moment,
    random_source,
    run_child,
    wait_for,
)
from tests.faults.durable import Durable
from tests.faults.stage import (
    BRANCHES,
    Pushes,
    assert_done,
    clone_remote,
    clone_world,
    durable_world,
    make_remote,
    push,
    reconcile_clone,
    reconcile_durable,
)
from tests.unit.promotion.scene import CHURN, digest_of

pytestmark = pytest.mark.faults
PAUSE_SECONDS = 0.001


def assert_settles(world: World, durable: Durable) -> None:
    """Two runs at most reach the end; a third writes nothing; log, alias and serving target are one."""
    for _ in range(2):
        assert_done(reconcile(world))
    writes, records = durable.count_writes(), len(world.log.read_records())
    assert_done(reconcile(world))
    assert (durable.count_writes(), len(world.log.read_records())) == (writes, records)
    for name, environment in read_status(world).environments.items():
        for model in environment.models.values():
            if model.sync is not Sync.BLOCKED:
                assert (model.sync, model.desired) == (Sync.SYNCED, model.live), (name, model)
            if model.live:
                assert model.registry == model.live
                assert model.serving in {None, model.live}
        seqs = [record.seq for record in world.log.read_records() if record.environment == name]
        assert seqs == list(range(1, len(seqs) + 1))


def random_pushes(source: random.Random, count: int) -> Pushes:
    return tuple(
        (tuple(sorted(source.sample(BRANCHES, source.randint(1, 3)))), source.choice("abc")) for _ in range(count)
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_promotions_converge(part: int, tmp_path: Path, record_property: Note) -> None:
    source, tally, trial = random_source(f"durable {part}"), Tally(), 0
    while tally.killed < count_share(count_trials()):
        durable = Durable(tmp_path / f"{trial}.db", PAUSE_SECONDS)
        durable.create()
        pushes = random_pushes(source, source.randint(1, 3))
        for last in range(len(pushes)):
            child = run_child(reconcile_durable, durable, pushes[: last + 1])
            kill_after(child, next_moment(source, tally, longest=0.09), tally)
        assert_settles(durable_world(durable, pushes), durable)
        assert all(durable.count_versions(digest_of(letter)) <= 1 for letter in "abc")
        trial += 1
    record_property("trials", f"kill -9 of promotions, durable fakes, part {part}: {tally}, in {trial} trials")


def test_killed_promotions_on_a_real_remote_converge(tmp_path: Path, record_property: Note) -> None:
    source, tally = random_source("git"), Tally()
    for trial in range(count_trials(20)):
        folder = tmp_path / str(trial)
        folder.mkdir()
        clone, durable = make_remote(folder), Durable(folder / "state.db", PAUSE_SECONDS)
        durable.create()
        for letter in "ab":
            push(clone, BRANCHES, letter)
            kill_after(run_child(reconcile_clone, clone, durable), next_moment(source, tally, longest=0.6), tally)
        after = clone if source.random() < 0.5 else clone_remote(folder, "fresh")
        assert_settles(clone_world(after, durable), durable)
        assert len(clone_world(after, durable).log.read_records()) in range(3, 7)
    record_property("trials", f"kill -9 of promotions, real git: {tally}")
    assert tally.killed > 0


def test_racing_promoters_leave_one_record_per_number(tmp_path: Path, record_property: Note) -> None:
    source, runners = random_source("race"), 0
    for trial in range(count_trials(20)):
        folder = tmp_path / str(trial)
        folder.mkdir()
        durable = Durable(folder / "state.db", PAUSE_SECONDS)
        durable.create()
        clones = [make_remote(folder), *(clone_remote(folder, f"other-{i}") for i in range(source.randint(1, 2)))]
        for letter in "ab":
            push(clones[0], BRANCHES, letter)
            children = [run_child(reconcile_clone, clone, durable) for clone in clones]
            for child in children:
                wait_for(child)
            runners += len(children)
        records = clone_world(clone_remote(folder, "fresh"), durable).log.read_records()
        assert [(r.environment, r.seq) for r in records] == [(e, n) for e in sorted(BRANCHES) for n in (1, 2)]
        assert all(status.registry == str(digest_of("b")) for status in _states(clone_world(clones[0], durable)))
        assert_settles(clone_world(clones[0], durable), durable)
    record_property("trials", f"races on one remote: {2 * count_trials(20)} races, {runners} promoters")


def _states(world: World) -> list[ModelStatus]:
    return [environment.models[CHURN] for environment in read_status(world).environments.values()]
