"""The ready queue: order, limits, mutexes, failures; by pictures, and by properties of random pipelines."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.order import order_stages
from mlops_kit.core.pipeline.schedule import Ending, Limits, OnFailure, Schedule
from mlops_kit.core.run import Gpu, PlannedStage, Wants
from mlops_kit.core.types import StageName


def stage(
    name: str, *, reads: str = "", writes: str = "", watches: str = "", mutexes: str = "", gpus: int | None = None
) -> PlannedStage:
    return PlannedStage(
        name=StageName(name),
        reads=tuple(reads.split()),
        writes=tuple(writes.split()),
        watches=tuple(watches.split()),
        wants=Wants(mutexes=tuple(mutexes.split()), gpus=gpus),
    )


def drawn(picture: str) -> list[PlannedStage]:
    """Stages from lines `name: what it reads -> what it writes`."""
    stages = []
    for line in picture.strip().splitlines():
        name, _, rest = line.strip().partition(":")
        reads, _, writes = rest.partition("->")
        stages.append(stage(name, reads=reads, writes=writes))
    return stages


def scheduled(
    stages: Iterable[PlannedStage], *, jobs: int = 9, gpus: int = 0, on_failure: OnFailure = OnFailure.STOP
) -> Schedule:
    limits = Limits(jobs=jobs, gpus=tuple(Gpu(id=str(number)) for number in range(gpus)))
    return Schedule(stages, limits=limits, on_failure=on_failure)


def take_all(schedule: Schedule) -> list[StageName]:
    """Everything that may start now."""
    return [taken.name for taken in iter(schedule.take, None)]


def waves(
    stages: Iterable[PlannedStage],
    *,
    jobs: int = 99,
    failing: str = "",
    on_failure: OnFailure = OnFailure.STOP,
) -> list[str]:
    """The run as waves: all that may start together, ended in that order before anything new starts."""
    schedule = scheduled(stages, jobs=jobs, on_failure=on_failure)
    found = []
    while wave := take_all(schedule):
        found.append(" ".join(wave))
        for name in wave:
            schedule.finish(name, Ending.FAILED if name in failing.split() else Ending.DONE)
    return found


def test_stages_without_shared_paths_start_together() -> None:
    assert waves(drawn("a: -> x\nb: -> y\nc: z -> w")) == ["a b c"]


def test_a_stage_starts_after_all_that_write_what_it_reads() -> None:
    assert waves(drawn("last: x y -> z\na: -> x\nb: x -> y")) == ["a", "b", "last"]


def test_a_path_inside_another_stages_output_directory_is_an_edge() -> None:
    assert waves(drawn("a: -> data/raw\nb: data/raw/part/1.csv -> y")) == ["a", "b"]


def test_a_directory_that_holds_several_outputs_waits_for_all_of_them() -> None:
    assert waves(drawn("a: -> data/a/x\nb: data/a/x -> data/b\nc: data -> y")) == ["a", "b", "c"]


def test_a_common_beginning_of_two_names_is_no_containment() -> None:
    assert waves(drawn("a: -> data\nb: data2 data.csv data-x/y -> y")) == ["a b"]


def test_the_root_folder_as_dependency_waits_for_every_output() -> None:
    found = waves([stage("a", writes="x"), PlannedStage(name=StageName("b"), reads=("",), writes=())])
    assert found == ["a", "b"]


def test_no_more_than_jobs_run_at_once() -> None:
    assert waves(drawn("a: -> 1\nb: -> 2\nc: -> 3\nd: -> 4\ne: -> 5"), jobs=2) == ["a b", "c d", "e"]


def test_the_longest_chain_starts_first() -> None:
    stages = drawn("short: -> s\nc1: -> 1\nc2: 1 -> 2\nc3: 2 -> 3\nmiddle: -> m\nm2: m -> n")
    assert waves(stages, jobs=1) == ["c1", "c2", "middle", "short", "c3", "m2"]


def test_a_mutex_keeps_stages_apart_and_lets_others_pass() -> None:
    stages = [stage("a", mutexes="db"), stage("b", mutexes="db"), stage("c"), stage("d", mutexes="db gpu")]
    assert waves(stages) == ["a c", "b", "d"]


def test_a_stage_that_waits_for_a_second_mutex_does_not_block_the_first() -> None:
    stages = [stage("gpu", mutexes="gpu"), stage("both", mutexes="db gpu"), stage("db", mutexes="db")]
    schedule = scheduled(stages)
    assert take_all(schedule) == ["gpu", "db"]
    schedule.finish(StageName("db"), Ending.DONE)
    assert take_all(schedule) == []
    schedule.finish(StageName("gpu"), Ending.DONE)
    assert take_all(schedule) == ["both"]


def test_stages_that_write_into_each_others_output_never_run_together() -> None:
    assert waves(drawn("a: -> models\nb: -> models/x\nc: -> other")) == ["a c", "b"]


def test_after_a_failure_nothing_new_starts() -> None:
    stages = drawn("a: -> x\nb: x -> y\nc: -> z\nd: z -> w")
    schedule = scheduled(stages)
    assert take_all(schedule) == ["a", "c"]
    schedule.finish(StageName("a"), Ending.FAILED)
    schedule.finish(StageName("c"), Ending.DONE)
    assert schedule.take() is None
    assert schedule.skipped == ("b", "d")


def test_keep_going_gives_up_what_needs_the_failed_stage_and_only_that() -> None:
    stages = drawn("a: -> x\nb: x -> y\nc: y -> z\nd: -> v\ne: v -> w\nf: w z -> u")
    assert waves(stages, failing="a", on_failure=OnFailure.KEEP_GOING) == ["a d", "e"]


def test_a_frozen_stage_waits_for_the_writers_of_what_it_watches_also_when_they_fail() -> None:
    stages = [stage("a", writes="x"), stage("b", reads="x", writes="y"), stage("frozen", watches="y", writes="z")]
    assert waves(stages, failing="a", on_failure=OnFailure.KEEP_GOING) == ["a", "frozen"]


def test_a_circle_is_refused_with_its_names() -> None:
    with pytest.raises(InputError, match="circle: a, b"):
        order_stages(drawn("a: y -> x\nb: x -> y\nc: -> z"))


def test_twenty_thousand_links_are_ordered_without_multiplying_readers_and_writers() -> None:
    writers = [stage(f"w{number}", writes=f"data/{number}") for number in range(10_000)]
    readers = [stage(f"r{number}", reads="data", writes=f"out/{number}") for number in range(10_000)]
    order = order_stages([*writers, *readers])
    assert sum(len(place.waits) + len(place.groups) for place in order.stages.values()) == 20_000


PATHS = st.sampled_from(["a", "a/1", "a/2", "a/2/x", "b", "b/1", "c", "d/e", "d/f", "dd"])
NAMES = st.sampled_from(["m", "n", "o"])


@st.composite
def pipelines(draw: st.DrawFn) -> list[PlannedStage]:
    """Stages in an order in which each reads only what earlier ones wrote, listed in any order."""
    stages = []
    for number in range(draw(st.integers(1, 12))):
        earlier = [f"out{before}" for before in range(number)]
        inputs = st.lists(st.one_of(PATHS.map("source/".__add__), st.sampled_from([*earlier, "source"])), max_size=3)
        stages.append(
            PlannedStage(
                name=StageName(f"s{number}"),
                reads=tuple(draw(inputs)),
                writes=(f"out{number}", *draw(st.lists(PATHS.map("shared/".__add__), max_size=1))),
                wants=Wants(mutexes=tuple(draw(st.lists(NAMES, max_size=2, unique=True)))),
            )
        )
    return draw(st.permutations(stages))


def overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


@settings(max_examples=200, deadline=None)
@given(stages=pipelines(), jobs=st.integers(1, 4), data=st.data())
def test_every_run_ends_and_breaks_no_rule(stages: list[PlannedStage], jobs: int, data: st.DataObject) -> None:
    on_failure = data.draw(st.sampled_from(list(OnFailure)))
    by_name = {one.name: one for one in stages}
    schedule = scheduled(stages, jobs=jobs, on_failure=on_failure)
    done: set[StageName] = set()
    failed: set[StageName] = set()
    while True:
        for taken in iter(schedule.take, None):
            name = taken.name
            assert not (on_failure is OnFailure.STOP and failed)
            assert needs(by_name[name], stages) <= done
            others = [by_name[other] for other in schedule.running - {name}]
            assert not any(set(one.wants.mutexes) & set(by_name[name].wants.mutexes) for one in others)
            assert not any(
                overlap(mine, theirs) for one in others for mine in by_name[name].writes for theirs in one.writes
            )
            assert len(schedule.running) <= jobs
        if not schedule.running:
            break
        ended = data.draw(st.sampled_from(sorted(schedule.running)))
        fails = data.draw(st.booleans()) and data.draw(st.booleans())
        (failed if fails else done).add(ended)
        schedule.finish(ended, Ending.FAILED if fails else Ending.DONE)
    skipped = set(schedule.skipped)
    assert done | failed | skipped == set(by_name)
    if not failed:
        assert not skipped
    elif on_failure is OnFailure.KEEP_GOING:
        assert all(needs(by_name[name], stages) & (failed | skipped) for name in skipped)


def needs(one: PlannedStage, stages: list[PlannedStage]) -> set[StageName]:
    return {
        other.name
        for other in stages
        if other.name != one.name and any(overlap(read, write) for read in one.reads for write in other.writes)
    }


def test_stages_that_are_added_later_come_after_the_others_and_wait_for_their_own() -> None:
    schedule = scheduled(drawn("a: -> x"), jobs=2)
    assert take_all(schedule) == ["a"]
    schedule.add(drawn("b: -> y\nc: y -> z"))
    assert take_all(schedule) == ["b"]
    schedule.finish(StageName("b"), Ending.DONE)
    assert take_all(schedule) == ["c"]


def test_the_failure_of_one_that_was_added_gives_up_what_needs_it_and_nothing_else() -> None:
    schedule = scheduled(drawn("a: -> x\nb: x ->"), on_failure=OnFailure.KEEP_GOING)
    schedule.add(drawn("c: -> y\nd: y ->"))
    assert take_all(schedule) == ["a", "c"]
    schedule.finish(StageName("c"), Ending.FAILED)
    schedule.finish(StageName("a"), Ending.DONE)
    assert (take_all(schedule), schedule.is_given_up(StageName("d"))) == (["b"], True)


def test_stages_that_are_added_share_mutexes_with_the_others() -> None:
    schedule = scheduled([stage("a", mutexes="db")])
    schedule.add([stage("b", mutexes="db"), stage("c")])
    assert take_all(schedule) == ["a", "c"]
    schedule.finish(StageName("a"), Ending.DONE)
    assert take_all(schedule) == ["b"]
