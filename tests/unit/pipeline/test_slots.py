"""GPUs, mutexes and retries in the schedule: who gets what, who waits, and that nobody waits for ever."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.core.pipeline.queue import PATIENCE, Candidate, ReadyQueue
from mlops_kit.core.pipeline.schedule import Ending, Limits, OnFailure, Schedule
from mlops_kit.core.pipeline.slots import Slots, find_too_large, refuse_too_large
from mlops_kit.core.run import Gpu, PlannedStage, Wants
from mlops_kit.core.types import StageName


def gpus(*memories: int) -> tuple[Gpu, ...]:
    return tuple(Gpu(id=str(number), memory_mib=memory) for number, memory in enumerate(memories))


def stage(name: str, *, seconds: float | None = None, **wants: object) -> PlannedStage:
    return PlannedStage(name=StageName(name), writes=(name,), seconds=seconds, wants=Wants(**wants))  # type: ignore[arg-type]


def schedule(stages: Iterable[PlannedStage], *, jobs: int = 99, has: tuple[Gpu, ...] = ()) -> Schedule:
    return Schedule(stages, limits=Limits(jobs=jobs, gpus=has), on_failure=OnFailure.STOP)


def starts(made: Schedule) -> dict[str, tuple[str, ...] | None]:
    """Everything that starts now, with its GPUs."""
    return {taken.name: taken.gpus for taken in iter(made.take, None)}


def test_stages_get_gpus_that_nobody_else_has() -> None:
    made = schedule([stage("a", gpus=1), stage("b", gpus=2), stage("c", gpus=1), stage("d")], has=gpus(0, 0, 0))
    assert starts(made) == {"a": ("0",), "b": ("1", "2"), "d": None}
    made.finish(StageName("a"), Ending.DONE)
    assert starts(made) == {"c": ("0",)}


def test_a_stage_that_wants_none_sees_none_and_one_that_says_nothing_is_left_alone() -> None:
    assert starts(schedule([stage("none", gpus=0), stage("silent")], has=gpus(0))) == {"none": (), "silent": None}


def test_where_an_engine_hands_out_gpus_itself_nobody_waits_for_them() -> None:
    made = Schedule([stage("a", gpus=8)], limits=Limits(jobs=1, gpus=None), on_failure=OnFailure.STOP)
    assert starts(made) == {"a": None}


def test_the_smallest_gpu_that_is_large_enough_is_taken() -> None:
    made = schedule(
        [
            stage("large", gpus=1, gpu_memory_mib=40_000),
            stage("any", gpus=1),
            stage("small", gpus=1, gpu_memory_mib=10),
        ],
        has=gpus(80_000, 16_000, 16_000),
    )
    assert starts(made) == {"large": ("0",), "any": ("1",), "small": ("2",)}


@pytest.mark.parametrize(
    ("wants", "said"),
    [
        ({"gpus": 3}, "stage 'a' wants 3 GPUs, this machine has 2 GPUs"),
        (
            {"gpus": 1, "gpu_memory_mib": 99_000},
            "stage 'a' wants 1 GPU with 99000 MiB each, this machine has no such of 2 GPUs",
        ),
        (
            {"gpus": 2, "gpu_memory_mib": 20_000},
            "stage 'a' wants 2 GPUs with 20000 MiB each, this machine has 1 such of 2 GPUs",
        ),
    ],
)
def test_wanting_more_than_there_is_is_an_error(wants: Mapping[str, int], said: str) -> None:
    has = gpus(16_000, 40_000)
    (found,) = find_too_large([stage("ok", gpus=2), stage("a", **wants)], has)
    assert str(refuse_too_large(found, has)) == said


def test_a_machine_without_gpus_is_told_as_such() -> None:
    assert "this machine has no GPUs" in str(refuse_too_large(stage("a", gpus=1), ()))


def test_the_longest_recorded_chain_starts_first() -> None:
    stages = [
        stage("short", seconds=1.0),
        replace(stage("first", seconds=2.0), writes=("x",)),
        replace(stage("second", seconds=9.0), reads=("x",)),
        stage("long", seconds=10.0),
    ]
    assert list(starts(schedule(stages, jobs=2))) == ["first", "long"]


def test_a_stage_without_a_record_counts_as_the_middle_one() -> None:
    stages = [stage("a", seconds=1.0), stage("new"), stage("b", seconds=5.0), stage("c", seconds=9.0)]
    assert list(starts(schedule(stages, jobs=3))) == ["c", "new", "b"]


def test_a_stage_that_awaits_data_starts_when_it_is_released() -> None:
    made = schedule([replace(stage("a"), awaits_data=True), stage("b")])
    assert list(starts(made)) == ["b"]
    made.release(StageName("a"))
    assert list(starts(made)) == ["a"]


def test_a_failed_stage_is_tried_again_as_often_as_it_may_be() -> None:
    made = schedule([stage("a", gpus=1, retries=2)], has=gpus(0))
    for again in (True, True, False):
        assert starts(made) == {"a": ("0",)}
        assert made.retry(StageName("a")) is again
    made.finish(StageName("a"), Ending.FAILED)
    assert starts(made) == {}


def test_nothing_is_tried_again_after_a_stop() -> None:
    made = schedule([stage("a", retries=2)])
    starts(made)
    made.stop()
    assert not made.retry(StageName("a"))


def test_what_is_waited_for_is_said_with_its_holder_and_the_number_behind() -> None:
    waiting = [stage("b", mutexes=("db",)), stage("c", mutexes=("db",)), stage("big", gpus=2), stage("one", gpus=1)]
    made = schedule([stage("a", mutexes=("db",)), *waiting], has=gpus(0, 0))
    made2 = schedule([stage("h", gpus=1), *waiting[2:]], has=gpus(0, 0))
    assert list(starts(made)) == ["a", "big"]
    assert [(wait.stage, wait.obstacle, wait.count) for wait in made.waits] == [
        ("b", "db, held by a", 2),
        ("one", "1 GPU", 1),
    ]
    assert list(starts(made2)) == ["h", "one"]
    assert [(wait.stage, wait.obstacle) for wait in made2.waits] == [("big", "2 GPUs")]


def test_a_large_stage_is_passed_over_a_few_times_and_then_gets_its_gpus() -> None:
    large = replace(stage("large", gpus=2), seconds=5.0)
    small = [stage(f"s{number}", gpus=1, seconds=1.0) for number in range(100)]
    made = schedule([stage("first", gpus=1, seconds=9.0), large, *small], has=gpus(0, 0))
    running = list(starts(made))
    started: list[str] = []
    while "large" not in started:
        made.finish(StageName(running.pop(0)), Ending.DONE)
        new = list(starts(made))
        started += new
        running += new
    assert len(started) <= PATIENCE + 4


def test_a_stage_of_two_mutexes_is_passed_over_a_few_times_and_then_gets_both() -> None:
    streams = [stage(f"{name}{number}", mutexes=(name,), seconds=1.0) for number in range(100) for name in "mn"]
    first = [stage("m", mutexes=("m",), seconds=9.0), stage("n", mutexes=("n",), seconds=8.0)]
    made = schedule([*first, stage("both", mutexes=("m", "n"), seconds=5.0), *streams])
    running = list(starts(made))
    started: list[str] = []
    while "both" not in started:
        made.finish(StageName(running.pop(0)), Ending.DONE)
        new = list(starts(made))
        started += new
        running += new
    assert len(started) <= 3 * PATIENCE


WANTS = st.builds(
    Wants,
    gpus=st.one_of(st.none(), st.integers(0, 3)),
    gpu_memory_mib=st.sampled_from([0, 10, 20]),
    mutexes=st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(wants=st.lists(WANTS, min_size=1, max_size=25), data=st.data())
def test_no_two_hold_a_slot_or_a_mutex_and_everybody_gets_a_turn(wants: list[Wants], data: st.DataObject) -> None:
    has = gpus(10, 20, 20)
    able = [want for want in wants if (want.gpus or 0) <= (3 if want.gpu_memory_mib <= 10 else 2)]
    queue = ReadyQueue(Slots(has))
    for number, want in enumerate(able):
        name = StageName(f"s{number}")
        queue.add(Candidate(negative_seconds=-float(number % 4), position=number, name=name, wants=want))
    by_name = {StageName(f"s{number}"): want for number, want in enumerate(able)}
    memory = {gpu.id: gpu.memory_mib for gpu in has}
    held: dict[StageName, tuple[str, ...]] = {}
    ended = 0
    while True:
        for taken in iter(queue.take, None):
            want = by_name[taken.name]
            assert len(taken.gpus or ()) == (want.gpus or 0)
            assert all(memory[gpu] >= want.gpu_memory_mib for gpu in taken.gpus or ())
            assert not set(taken.gpus or ()) & {gpu for others in held.values() for gpu in others}
            assert not set(want.mutexes) & {mutex for name in held for mutex in by_name[name].mutexes}
            held[taken.name] = taken.gpus or ()
        if not held:
            break
        name = data.draw(st.sampled_from(sorted(held)))
        del held[name]
        queue.give_back(name, by_name[name])
        ended += 1
    assert ended == len(able)
    assert queue.describe_waits() == ()


@st.composite
def timed_pipelines(draw: st.DrawFn) -> list[PlannedStage]:
    """Stages with durations, each reading some of those before it."""
    stages = []
    for number in range(draw(st.integers(1, 30))):
        needs = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        stages.append(
            PlannedStage(
                name=StageName(f"s{number}"),
                reads=tuple(f"o{need}" for need in needs),
                writes=(f"o{number}",),
                seconds=float(draw(st.integers(1, 50))),
            )
        )
    return stages


def makespan(stages: list[PlannedStage], *, jobs: int) -> float:
    """The end of a run in which every stage takes exactly its seconds."""
    made = schedule(stages, jobs=jobs)
    seconds = {one.name: one.seconds or 0.0 for one in stages}
    now, running = 0.0, dict[StageName, float]()
    while True:
        running |= {taken.name: now + seconds[taken.name] for taken in iter(made.take, None)}
        if not running:
            return now
        name = min(running, key=lambda one: (running[one], one))
        now = running.pop(name)
        made.finish(name, Ending.DONE)


def critical_path(stages: list[PlannedStage]) -> float:
    ends: dict[str, float] = {}
    for one in stages:
        ends[one.writes[0]] = (one.seconds or 0.0) + max((ends[path] for path in one.reads), default=0.0)
    return max(ends.values())


@settings(max_examples=200, deadline=None)
@given(stages=timed_pipelines(), jobs=st.integers(1, 8))
def test_no_run_is_longer_than_list_scheduling_allows(stages: list[PlannedStage], jobs: int) -> None:
    """Graham's bound (1969): work shared by all, and the longest chain for the share that it keeps waiting."""
    work, longest = sum(one.seconds or 0.0 for one in stages), critical_path(stages)
    length = makespan(stages, jobs=jobs)
    assert max(longest, work / jobs) <= length + 1e-9
    assert length <= work / jobs + longest * (1 - 1 / jobs) + 1e-9
