"""`reproduce` as a list of steps, on pipelines and engines in memory."""

from dataclasses import replace

import pytest

from mlops_kit.commands.reproduce import Manner, Reproduction, reproduce
from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.schedule import OnFailure
from mlops_kit.core.run import Gpu, PlannedStage, Selection, StageState, Wants
from mlops_kit.core.types import StageName
from mlops_kit.testing.pipeline import MemoryEngine, MemoryPipeline, MemoryProgress

VERIFYING = Selection(verify=True)


def chain(*names: str) -> tuple[PlannedStage, ...]:
    """Stages of which each reads what the one before writes."""
    before = ["", *names]
    return tuple(
        PlannedStage(name=StageName(name), reads=(f"{previous}.out",) if previous else (), writes=(f"{name}.out",))
        for previous, name in zip(before, names, strict=False)
    )


def apart(*names: str) -> tuple[PlannedStage, ...]:
    return tuple(PlannedStage(name=StageName(name), writes=(f"{name}.out",)) for name in names)


def run(
    pipeline: MemoryPipeline,
    engine: MemoryEngine,
    progress: MemoryProgress | None = None,
    *,
    manner: Manner = Manner(jobs=2),  # noqa: B008 - frozen
    selection: Selection = Selection(targets=("x",)),  # noqa: B008 - frozen
) -> Reproduction:
    workshop = Workshop(pipeline=pipeline, engine=engine, progress=progress or MemoryProgress())
    return reproduce(workshop, selection, manner)


def states(done: Reproduction) -> str:
    return " ".join(f"{stage.name}={stage.state.value}" for stage in done.stages)


def test_stages_run_in_order_and_are_noted_and_kept() -> None:
    pipeline, engine = MemoryPipeline(stages=chain("a", "b", "c")), MemoryEngine()
    done = run(pipeline, engine)
    assert states(done) == "a=ran b=ran c=ran"
    assert pipeline.flushed == ["a", "b", "c"]
    assert pipeline.finished == done.stages
    assert pipeline.selection == Selection(targets=("x",))


def test_what_did_not_change_starts_no_command() -> None:
    pipeline = MemoryPipeline(
        stages=chain("a", "b", "c"),
        settled={StageName("a"): StageState.CACHED, StageName("b"): StageState.RESTORED},
    )
    engine = MemoryEngine()
    assert states(run(pipeline, engine)) == "a=cached b=restored c=ran"
    assert engine.started == ["c"]


def test_as_many_commands_run_together_as_jobs_allow() -> None:
    engine = MemoryEngine()
    run(MemoryPipeline(stages=apart("a", "b", "c", "d", "e")), engine, manner=Manner(jobs=3))
    assert engine.most_at_once == 3


def test_a_failed_command_brings_its_outputs_back_and_skips_the_rest() -> None:
    pipeline = MemoryPipeline(stages=chain("a", "b", "c"))
    done = run(pipeline, MemoryEngine(statuses={StageName("b"): 3}))
    assert states(done) == "a=ran b=failed c=skipped"
    assert [stage.message for stage in done.failed] == ["exit status 3"]
    assert pipeline.abandoned == ["b"]
    assert pipeline.flushed == ["a"]


def test_a_command_ended_by_a_signal_says_so() -> None:
    done = run(MemoryPipeline(stages=chain("a")), MemoryEngine(statuses={StageName("a"): -9}))
    assert done.failed[0].message == "was ended by signal 9"


def test_keep_going_runs_what_does_not_need_the_failed_stage() -> None:
    pipeline = MemoryPipeline(stages=(*chain("a", "b"), *apart("c", "d")))
    manner = Manner(jobs=1, on_failure=OnFailure.KEEP_GOING)
    done = run(pipeline, MemoryEngine(statuses={StageName("a"): 1}), manner=manner)
    assert states(done) == "a=failed b=skipped c=ran d=ran"


def test_a_stage_that_produced_nothing_fails_with_the_reason() -> None:
    pipeline = MemoryPipeline(stages=chain("a", "b"), unrecordable={StageName("a"): "output 'a.out' does not exist"})
    done = run(pipeline, MemoryEngine())
    assert states(done) == "a=failed b=skipped"
    assert done.failed[0].message == "output 'a.out' does not exist"
    assert pipeline.abandoned == ["a"]


def test_outputs_that_cannot_be_brought_back_are_told_and_stop_nothing_else() -> None:
    pipeline = MemoryPipeline(stages=apart("a", "b"), unabandonable={StageName("a"): "disk trouble"})
    done = run(pipeline, MemoryEngine(statuses={StageName("a"): 1}))
    assert states(done) == "a=failed b=ran"
    assert done.failed[0].message == "exit status 1; its outputs could not be brought back: disk trouble"


def test_a_stage_that_cannot_be_prepared_fails_without_a_command() -> None:
    pipeline = MemoryPipeline(stages=chain("a", "b"), unpreparable={StageName("a"): "dependency 'x' does not exist"})
    engine = MemoryEngine()
    assert states(run(pipeline, engine)) == "a=failed b=skipped"
    assert engine.started == []


def test_an_interrupt_keeps_what_was_finished_and_pushes_nothing() -> None:
    pipeline = MemoryPipeline(stages=(*chain("a", "b", "c"), *apart("d")))
    done = run(pipeline, MemoryEngine(interrupt_after=1), manner=Manner(jobs=2, push=True))
    assert done.interrupted == "interrupted"
    assert states(done) == "a=ran b=failed c=skipped d=failed"
    assert pipeline.flushed == ["a"]
    assert pipeline.pushes == 0


def test_push_follows_a_run_that_was_not_interrupted() -> None:
    pipeline = MemoryPipeline(stages=chain("a"))
    run(pipeline, MemoryEngine(), manner=Manner(jobs=1, push=True))
    assert pipeline.pushes == 1


def test_what_was_run_is_told_also_where_it_cannot_be_sent() -> None:
    pipeline = MemoryPipeline(stages=chain("a"), unsendable="the remote is gone")
    done = run(pipeline, MemoryEngine(), manner=Manner(jobs=1, push=True))
    assert {stage.state for stage in done.stages} == {StageState.RAN}
    assert str(done.unsent) == "the remote is gone"


def test_what_the_run_vouches_for_is_verified_after_it_and_before_it_is_sent() -> None:
    pipeline = MemoryPipeline(stages=chain("a", "b", "c"), settled={StageName("a"): StageState.CACHED})
    manner = Manner(jobs=1, push=True)
    done = run(pipeline, MemoryEngine(statuses={StageName("c"): 1}), manner=manner, selection=VERIFYING)
    assert pipeline.verified == ("a", "b")
    assert pipeline.pushes == 1
    assert done.damaged is None


def test_damaged_outputs_are_part_of_the_answer_and_are_not_sent() -> None:
    pipeline = MemoryPipeline(stages=chain("a"), damaged="a.out: expected md5:1, found md5:2")
    done = run(pipeline, MemoryEngine(), manner=Manner(jobs=1, push=True), selection=VERIFYING)
    assert states(done) == "a=ran"
    assert str(done.damaged) == "a.out: expected md5:1, found md5:2"
    assert pipeline.pushes == 0


def test_nothing_is_verified_where_nobody_asks_or_the_run_was_interrupted() -> None:
    pipeline = MemoryPipeline(stages=chain("a", "b"), damaged="never seen")
    assert run(pipeline, MemoryEngine()).damaged is None
    assert run(pipeline, MemoryEngine(interrupt_after=1), selection=VERIFYING).damaged is None


def test_people_are_told_every_start_and_end() -> None:
    progress = MemoryProgress()
    pipeline = MemoryPipeline(stages=chain("a", "b", "c"), settled={StageName("a"): StageState.CACHED})
    run(pipeline, MemoryEngine(statuses={StageName("b"): 1}), progress)
    assert progress.told == [
        "begin a b c",
        "end a cached",
        "start b",
        "end b failed last words of b",
        "close",
    ]


def retrying(name: str, retries: int) -> PlannedStage:
    return PlannedStage(name=StageName(name), writes=(name,), wants=Wants(retries=retries))


def test_a_stage_that_fails_is_tried_again_with_its_outputs_cleared() -> None:
    pipeline, progress = MemoryPipeline(stages=(retrying("a", 2), *apart("b"))), MemoryProgress()
    engine = MemoryEngine(statuses={StageName("a"): 1})
    done = run(pipeline, engine, progress, manner=Manner(jobs=1))
    assert states(done) == "a=failed b=skipped"
    assert engine.started == ["a", "a", "a"]
    assert pipeline.abandoned == ["a", "a", "a"]
    assert done.failed[0].attempts == 3
    assert [text for text in progress.told if text.startswith(("retry", "end"))] == [
        "retry a after attempt 1 last words of a",
        "retry a after attempt 2 last words of a",
        "end a failed last words of a",
    ]


def test_an_interrupted_stage_is_not_tried_again() -> None:
    engine = MemoryEngine(interrupt_after=0)
    done = run(MemoryPipeline(stages=(retrying("a", 5),)), engine, manner=Manner(jobs=1))
    assert engine.started == ["a"]
    assert done.interrupted


def test_stages_that_await_data_start_when_it_arrives() -> None:
    stages = (replace(apart("late")[0], awaits_data=True), *apart("early"))
    engine = MemoryEngine()
    assert states(run(MemoryPipeline(stages=stages), engine)) == "late=ran early=ran"


def test_wanting_more_gpus_than_there_are_stops_before_anything_starts() -> None:
    stages = (*apart("a"), PlannedStage(name=StageName("b"), wants=Wants(gpus=1)))
    pipeline, engine = MemoryPipeline(stages=stages), MemoryEngine()
    with pytest.raises(InputError, match="stage 'b' wants 1 GPU, this machine has no GPUs"):
        run(pipeline, engine)
    assert engine.started == []


def test_a_stage_is_started_with_the_gpus_that_it_holds() -> None:
    stages = (PlannedStage(name=StageName("b"), wants=Wants(gpus=1)),)
    engine, progress = MemoryEngine(), MemoryProgress()
    workshop = Workshop(
        pipeline=MemoryPipeline(stages=stages),
        engine=engine,
        progress=progress,
        find_gpus=lambda: (Gpu(id="7"), Gpu(id="8")),
    )
    reproduce(workshop, Selection(), Manner(jobs=2))
    assert "start b GPU 7" in progress.told
