"""How what was seen of each stage becomes a forecast, on its own and against random histories in memory."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mlops_kit.commands.forecast import forecast
from mlops_kit.core.inspection import Content, Inspection, SeenInput, SeenOutput, SeenParam, StageKind
from mlops_kit.core.pipeline.forecast import Cause, Fate, Forecast, StageForecast, summarise
from mlops_kit.core.pipeline.outlook import Outlook
from mlops_kit.core.run import PlannedStage, Selection, StageState
from mlops_kit.core.types import Digest, StageName
from mlops_kit.testing.forecaster import MemoryForecaster, MemoryStage

ONE, TWO = (Digest(algorithm="md5", value=letter * 32) for letter in "12")
POSSIBLE = {
    Fate.RUN: {StageState.RAN},
    Fate.RESTORE: {StageState.RESTORED},
    Fate.KEEP: {StageState.CACHED},
    Fate.MAY_RUN: {StageState.RAN, StageState.RESTORED, StageState.CACHED},
    Fate.ABSENT: {StageState.RAN, StageState.RESTORED, StageState.CACHED},
}


def fate_of(found: Inspection, *, pull: bool = False) -> Fate:
    """The fate of a stage alone, for which the run-cache has nothing."""
    outlook = Outlook([PlannedStage(name=found.stage, reads=("in",), writes=("out",))], Selection(pull=pull))
    return outlook.settle(outlook.weigh(found), None).fate


def inspection(
    *,
    read: Content = Content.SAME,
    wrote: Content = Content.SAME,
    in_cache: bool = True,
    kind: StageKind = StageKind.COMMAND,
    frozen: bool = False,
) -> Inspection:
    return Inspection(
        stage=StageName("s"),
        kind=kind,
        frozen=frozen,
        inputs=(SeenInput(path="in", content=read, old=ONE, new=TWO),),
        outputs=(SeenOutput(path="out", content=wrote, old=ONE, in_cache=in_cache),),
    )


def test_absent_data_is_no_change_and_pull_fetches_it() -> None:
    gone = inspection(wrote=Content.ABSENT, in_cache=False)
    assert fate_of(gone) is Fate.ABSENT
    assert fate_of(gone, pull=True) is Fate.RESTORE
    assert fate_of(inspection(read=Content.ABSENT)) is Fate.ABSENT


def test_a_part_of_what_comes_back_as_it_was_is_no_change() -> None:
    assert fate_of_reader(Content.SAME, in_cache=True) is Fate.KEEP
    assert fate_of_reader(Content.CHANGED, in_cache=True) is Fate.MAY_RUN
    assert fate_of_reader(Content.ABSENT, in_cache=True) is Fate.MAY_RUN
    assert fate_of_reader(Content.ABSENT, in_cache=False) is Fate.ABSENT
    assert fate_of_reader(Content.ABSENT, in_cache=False, pull=True) is Fate.KEEP


def fate_of_reader(part: Content, *, in_cache: bool, pull: bool = False) -> Fate:
    """The fate of a stage that reads a file of the folder that another one writes, where the folder is gone."""
    maker, reader = StageName("maker"), StageName("reader")
    planned = [
        PlannedStage(name=maker, writes=("folder",)),
        PlannedStage(name=reader, reads=("folder/file",), writes=("out",)),
    ]
    outlook = Outlook(planned, Selection(pull=pull))
    gone = SeenOutput(path="folder", content=Content.ABSENT, old=ONE, in_cache=in_cache)
    made = outlook.weigh(Inspection(stage=maker, outputs=(gone,)))
    outlook.settle(made, {"folder": ONE} if in_cache else None)
    seen = SeenInput(path="folder/file", content=part, old=TWO)
    return outlook.settle(outlook.weigh(Inspection(stage=reader, inputs=(seen,))), None).fate


def test_a_frozen_stage_does_not_look_at_its_inputs() -> None:
    assert fate_of(inspection(read=Content.CHANGED, frozen=True)) is Fate.KEEP
    assert fate_of(inspection(wrote=Content.CHANGED, frozen=True)) is Fate.NOTE


def test_added_data_is_noted_or_comes_from_the_cache() -> None:
    assert fate_of(inspection(wrote=Content.CHANGED, kind=StageKind.DATA)) is Fate.NOTE
    assert fate_of(inspection(wrote=Content.ABSENT, kind=StageKind.DATA)) is Fate.RESTORE
    assert fate_of(inspection(wrote=Content.ABSENT, kind=StageKind.DATA, in_cache=False)) is Fate.ABSENT
    assert fate_of(inspection(in_cache=False, kind=StageKind.DATA)) is Fate.NOTE


def test_an_import_that_is_not_frozen_is_downloaded_where_its_source_changed() -> None:
    assert fate_of(inspection(read=Content.CHANGED, kind=StageKind.IMPORT)) is Fate.RUN
    assert fate_of(inspection(read=Content.UNSEEN, kind=StageKind.IMPORT)) is Fate.MAY_RUN
    assert fate_of(inspection(wrote=Content.ABSENT, kind=StageKind.IMPORT, frozen=True)) is Fate.ABSENT
    assert fate_of(inspection(wrote=Content.NEW, kind=StageKind.IMPORT, frozen=True)) is Fate.RUN


def test_a_param_that_a_running_stage_writes_is_not_compared() -> None:
    planned = (
        PlannedStage(name=StageName("tune"), writes=("p.yaml",)),
        PlannedStage(name=StageName("train"), reads=("p.yaml",), writes=("m",)),
    )
    outlook = Outlook(planned, Selection())
    outlook.settle(outlook.weigh(Inspection(stage=planned[0].name, restless=True)), None)
    param = SeenParam(file="p.yaml", key="lr", content=Content.CHANGED, old=1, new=2)
    train = outlook.settle(outlook.weigh(Inspection(stage=planned[1].name, params=(param,))), None)
    assert (train.fate, [(reason.cause, reason.subject) for reason in train.reasons]) == (
        Fate.MAY_RUN,
        [(Cause.UPSTREAM, "tune")],
    )
    assert train.after == ("tune",)


def test_the_seconds_of_what_will_run_add_up() -> None:
    stages = tuple(
        StageForecast(name=StageName(name), fate=fate, seconds=seconds)
        for name, fate, seconds in (("a", Fate.RUN, 2.0), ("b", Fate.KEEP, 4.0), ("c", Fate.RUN, None))
    )
    assert summarise(stages).seconds == 2.0
    assert summarise(stages[1:]).seconds is None


@st.composite
def projects(draw: st.DrawFn) -> MemoryForecaster:
    """Stages that read sources, outputs and folders of outputs; a shortening one may give the same for other inputs."""
    paths = ["in0", "in1"]
    stages = []
    for number in range(draw(st.integers(1, 7))):
        folder = draw(st.sampled_from(["", "d/"]))
        reads = tuple(draw(st.lists(st.sampled_from(paths), max_size=3, unique=True)))
        stages.append(make_stage(number, reads, f"{folder}o{number}", short=draw(st.booleans())))
        paths.append(stages[-1].writes)
    return MemoryForecaster(stages=(*stages, *with_folder(draw, stages)), files={"in0": "0", "in1": "1"})


def with_folder(draw: st.DrawFn, stages: list[MemoryStage]) -> tuple[MemoryStage, ...]:
    """Sometimes a last stage that reads the folder that others fill."""
    filled = any(stage.writes.startswith("d/") for stage in stages)
    return (make_stage(99, ("d",), "end", short=draw(st.booleans())),) if filled and draw(st.booleans()) else ()


def make_stage(number: int, reads: tuple[str, ...], writes: str, *, short: bool) -> MemoryStage:
    def compute(texts: Mapping[str, str]) -> str:
        told = str(sorted(texts.items()))
        return f"{number} {len(told) % 2}" if short else f"{number} {told}"

    command = f"command {short}"
    return MemoryStage(name=StageName(f"s{number}"), command=command, compute=compute, reads=reads, writes=writes)


edits = st.tuples(st.sampled_from(["source", "command", "spoil", "remove", "uncache", "nothing"]), st.integers(0, 7))


def edit(project: MemoryForecaster, kind: str, number: int) -> None:
    stage = project.stages[number % len(project.stages)]
    match kind:
        case "source":
            project.files[f"in{number % 2}"] = str(number)
        case "command":
            place = number % len(project.stages)
            other = make_stage(place, stage.reads, stage.writes, short=bool(number % 2))
            project.stages = (*project.stages[:place], replace(other, name=stage.name), *project.stages[place + 1 :])
        case "spoil":
            project.files[stage.writes] = "spoilt"
        case "remove":
            project.files.pop(stage.writes, None)
        case "uncache" if stage.writes in project.files:
            text = project.files.pop(stage.writes)
            project.cache = {digest: kept for digest, kept in project.cache.items() if kept != text}
        case _:
            pass


@given(projects(), st.lists(edits, max_size=8))
def test_a_run_does_what_was_forecast(project: MemoryForecaster, history: list[tuple[str, int]]) -> None:
    for kind, number in [("nothing", 0), *history, ("nothing", 0)]:
        edit(project, kind, number)
        found = forecast(project, Selection())
        states = {stage.name: project.run_stage(stage.name) for stage in project.stages}
        assert surprises(found, states) == []
        assert [stage.name for stage in found.stages] == [stage.name for stage in project.stages]


@given(projects(), st.lists(edits, max_size=8))
def test_what_is_not_certain_has_a_stage_upstream_that_is_not(
    project: MemoryForecaster, history: list[tuple[str, int]]
) -> None:
    for known in project.stages:
        project.run_stage(known.name)
    for kind, number in history:
        edit(project, kind, number)
    found = forecast(project, Selection())
    fates = {stage.name: stage.fate for stage in found.stages}
    for stage in found.stages:
        waits = {StageName(reason.subject) for reason in stage.reasons if reason.cause is Cause.UPSTREAM}
        assert waits <= set(stage.after)
        assert all(fates[name] not in {Fate.KEEP, Fate.NOTE} for name in waits)
        assert bool(waits) or stage.fate is not Fate.MAY_RUN


def surprises(found: Forecast, states: Mapping[StageName, StageState]) -> list[str]:
    """What the forecast ruled out; a stage that runs may be restored where what feeds it was open."""
    return [
        f"{stage.name}: {stage.fate.value}, {states[stage.name].value}"
        for stage in found.stages
        if states[stage.name] not in POSSIBLE[stage.fate] | ({StageState.RESTORED} if is_open(stage) else set())
    ]


def is_open(stage: StageForecast) -> bool:
    return any(reason.cause is Cause.UPSTREAM for reason in stage.reasons)
