"""The steps of a sweep over ports in memory: how many trials are open, what fails, what is kept and told."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from mlops_kit.commands.reproduce import Manner
from mlops_kit.commands.sweep import Laboratory, Swept, sweep
from mlops_kit.commands.workshop import Workshop
from mlops_kit.core.config import Goal
from mlops_kit.core.errors import InputError
from mlops_kit.core.ports.sweeping import Found, Opened
from mlops_kit.core.review.sweep import Measure
from mlops_kit.core.run import Gpu, PlannedStage, Selection, StageResult, Wants
from mlops_kit.core.sweep.grid import GridSearch
from mlops_kit.core.sweep.trial import Trial
from mlops_kit.core.sweep.words import parse_words
from mlops_kit.core.types import CommitSha, StageName
from mlops_kit.testing.pipeline import MemoryEngine, MemoryPipeline, MemoryProgress

STAGE = PlannedStage(name=StageName("train"), writes=("model",))
MEASURE = Measure(metric="acc", goal=Goal.MAXIMIZE)


@dataclass(kw_only=True)
class MemoryFleet(MemoryPipeline):
    """Trials whose metric is their param; `unopenable` values make no pipeline."""

    unopenable: tuple[object, ...] = ()
    baseline: CommitSha = field(default_factory=lambda: CommitSha("c" * 40))
    most_open: int = 0
    values: dict[str, object] = field(default_factory=dict)

    def open(self, trial: Trial) -> Opened:
        (setting,) = trial.settings
        if setting.value in self.unopenable:
            raise InputError("no such template")
        name = f"sweep-{setting.value}"
        self.values[name] = setting.value
        self.most_open = max(self.most_open, len(self.values))
        first = (replace(stage, name=StageName(f"{name}/{stage.name}"), writes=(name,)) for stage in self.stages)
        return Opened(name=name, planned=tuple(first))

    def close(self, name: str, results: Iterable[StageResult]) -> Found:
        assert tuple(results)
        return Found(metrics={"m.json": {"acc": self.values.pop(name)}})

    def discard(self, name: str) -> None:
        del self.values[name]


class Told:
    """A grid that remembers what it was told."""

    def __init__(self) -> None:
        self._grid = GridSearch(parse_words(["n=range(1,7)"]))
        self.told: list[tuple[int, float | None]] = []

    def ask(self) -> Trial | None:
        return self._grid.ask()

    def tell(self, trial: Trial, value: float | None) -> None:
        self.told.append((trial.number, value))


@dataclass(kw_only=True)
class Bench:
    """A sweep over one param of the values 1 to 6."""

    fleet: MemoryFleet
    search: Told = field(default_factory=Told)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    gpus: tuple[Gpu, ...] = ()
    kept: list[str] = field(default_factory=list)

    def sweep(self, *, jobs: int = 2, push: bool = False) -> Swept:
        workshop = Workshop(
            pipeline=self.fleet, engine=self.engine, progress=MemoryProgress(), find_gpus=lambda: self.gpus
        )
        laboratory = Laboratory(
            workshop=workshop,
            fleet=self.fleet,
            search=self.search,
            keep=lambda name, _trial, _found: self.kept.append(name),
            admit=lambda _planned: None,
        )
        return sweep(laboratory, Selection(), MEASURE, Manner(jobs=jobs, push=push))


def states(done: Swept) -> str:
    ordered = sorted(done.results, key=lambda result: result.trial.number)
    return " ".join(result.state.value for result in ordered)


def test_every_trial_is_kept_and_told_and_only_so_many_are_open() -> None:
    bench = Bench(fleet=MemoryFleet(stages=(STAGE,)))
    assert states(bench.sweep(jobs=3)) == " ".join(["done"] * 6)
    assert sorted(bench.search.told) == [(number, number) for number in range(1, 7)]
    assert (len(bench.kept), bench.fleet.most_open, bench.engine.most_at_once) == (6, 3, 3)
    assert bench.fleet.values == {}


def test_one_that_makes_no_pipeline_or_fails_is_told_so_and_the_others_go_on() -> None:
    fleet = MemoryFleet(stages=(STAGE,), unopenable=(2,))
    engine = MemoryEngine(statuses={StageName("sweep-4/train"): 3})
    bench = Bench(fleet=fleet, engine=engine)
    done = bench.sweep()
    assert states(done) == "done failed done failed done done"
    assert [result.message for result in done.results if result.message] == ["no such template", "train: exit status 3"]
    assert {number for number, value in bench.search.told if value is None} == {2, 4}
    assert "sweep-4" not in bench.kept


def test_a_trial_without_a_gpu_to_come_takes_no_place() -> None:
    wanting = replace(STAGE, wants=Wants(gpus=1))
    bench = Bench(fleet=MemoryFleet(stages=(wanting,)), gpus=(Gpu(id="0"),))
    assert states(bench.sweep(jobs=16)) == " ".join(["done"] * 6)
    assert (bench.fleet.most_open, bench.engine.most_at_once) == (2, 1)


def test_a_stage_that_wants_more_gpus_than_there_are_is_refused_before_any_trial() -> None:
    bench = Bench(fleet=MemoryFleet(stages=(replace(STAGE, wants=Wants(gpus=2)),)), gpus=(Gpu(id="0"),))
    with pytest.raises(InputError, match="wants 2 GPUs"):
        bench.sweep()
    assert bench.fleet.most_open == 0


def test_an_interrupt_keeps_what_is_done_and_tells_the_search_nothing_of_the_rest() -> None:
    bench = Bench(fleet=MemoryFleet(stages=(STAGE,)), engine=MemoryEngine(interrupt_after=2))
    done = bench.sweep()
    assert done.interrupted
    assert sorted(states(done).split()) == ["done", "done", "interrupted", "interrupted"]
    assert len(bench.kept) == len(bench.search.told) == 2
    assert bench.fleet.values == {}


def test_results_are_sent_for_each_trial_that_is_done() -> None:
    bench = Bench(fleet=MemoryFleet(stages=(STAGE,)), engine=MemoryEngine(statuses={StageName("sweep-1/train"): 1}))
    bench.sweep(push=True)
    assert bench.fleet.pushes == 5
