"""One look at all environments: what it asks how often, and what stays unknown where something cannot be read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from mlops_kit.commands.observe import observe, observe_all
from mlops_kit.commands.plan import plan_environments
from mlops_kit.commands.reconcile import compare, reconcile
from mlops_kit.commands.status import read_status
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ExitCode, IntegrityError, KitError
from mlops_kit.core.types import (
    CommitSha,
    Digest,
    ModelName,
    Note,
    NoteKind,
    PromotionRecord,
    RegistryReading,
    Sync,
)
from mlops_kit.testing.log import MemoryLog
from mlops_kit.testing.registry import MemoryRegistry
from tests.unit.promotion.scene import CHURN, DEV, ONE, PRODUCTION, STAGING, Scene

BRANCHES = ("dev", "staging", "production")
UPLIFT = ModelName("uplift")


class CountedLog(MemoryLog):
    """A log that counts how often it is read."""

    reads = 0

    def read_records(self) -> tuple[PromotionRecord, ...]:
        self.reads += 1
        return super().read_records()


@dataclass
class Picky(MemoryRegistry):
    """A registry that cannot be asked about one model."""

    refused: ModelName
    asked: list[frozenset[ModelName]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        self.asked.append(frozenset(wanted))
        if self.refused in wanted:
            raise IntegrityError(f"two entries are called {self.refused}")
        return super().read_models(wanted)


def settled(models: int = 3) -> Scene:
    """Many models in three environments with nothing to do, and a log that counts from now on."""
    scene = Scene(log=CountedLog())
    scene.push(*BRANCHES, **{f"model-{number}": f"bytes {number}" for number in range(models)})
    assert scene.reconcile()[2].code is ExitCode.DONE
    return scene


@pytest.mark.parametrize("verb", [plan_environments, reconcile, compare, read_status])
def test_a_verb_with_nothing_to_do_asks_registry_and_log_once_whatever_the_number_of_models(
    verb: Callable[[World, Sequence[str]], object],
) -> None:
    scene = settled(models=30)
    assert isinstance(scene.log, CountedLog)
    reads, logged, fetched = scene.registry.reads, scene.log.reads, scene.git.fetches
    verb(scene.world, ())
    assert (scene.registry.reads - reads, scene.log.reads - logged, scene.git.fetches - fetched) == (1, 1, 1)


def test_what_a_promotion_writes_is_seen_by_the_environments_after_it() -> None:
    scene = Scene()
    scene.push(*BRANCHES, churn="a")
    before = scene.registry.reads
    assert [outcome.code for outcome in scene.reconcile()] == [ExitCode.DONE] * 3
    assert scene.registry.reads - before == 3


def test_notes_and_earlier_records_are_those_of_the_model_and_its_environments() -> None:
    scene = settled(models=2)
    note = Note(model=ModelName("model-1"), environment=STAGING, seq=1, kind=NoteKind.HOLD, commit=CommitSha("a" * 40))
    scene.log.append_note(note)
    first, second = observe(scene.world, STAGING).situations
    assert (first.observed.notes, second.observed.notes) == ((), (note,))
    assert [(one.environment, one.model) for one in second.observed.earlier] == [(DEV, "model-1")]


def test_a_broken_pipeline_fails_its_own_environment_only() -> None:
    scene = settled()
    head = scene.git.branches["staging"]
    files = dict(scene.git.read_files(head, scene.git.list_files(head)))
    scene.git.commit("staging", files | {"dvc.yaml": b"stages: [\n"})
    dev, staging, production = scene.reconcile()
    assert (dev.code, staging.code, production.code) == (ExitCode.DONE, ExitCode.INPUT, ExitCode.DONE)
    assert isinstance(observe_all(scene.world, [STAGING])[STAGING], KitError)
    assert read_status(scene.world).environments[PRODUCTION].sync is Sync.SYNCED
    (unknown,) = scene.plan().unknown
    assert (unknown.environment, unknown.model) == (STAGING, "")
    with pytest.raises(KitError, match=r"dvc\.yaml"):
        scene.plan("staging")


def test_a_model_whose_name_no_registry_takes_keeps_no_other_waiting() -> None:
    scene = Scene(config=ONE)
    long = "x" * 201
    scene.push("dev", churn="a", **{long: "b"})
    (outcome,) = scene.reconcile()
    assert [unknown.model for unknown in outcome.unknown] == [long]
    assert "does not fit" in outcome.unknown[0].reason
    assert scene.story() == "1 bootstrap a"


def test_a_registry_that_refuses_one_model_is_asked_about_the_others() -> None:
    registry = Picky(refused=UPLIFT)
    scene = Scene(config=ONE, registry=registry)
    scene.push("dev", churn="a", uplift="b")
    (outcome,) = scene.reconcile()
    assert [(unknown.model, unknown.reason) for unknown in outcome.unknown] == [
        (UPLIFT, "two entries are called uplift")
    ]
    assert registry.asked == [{CHURN, UPLIFT}, {CHURN}, {UPLIFT}]
    assert scene.story() == "1 bootstrap a"


def test_a_log_that_cannot_be_read_is_told_of_every_environment() -> None:
    class Malformed(MemoryLog):
        def read_records(self) -> tuple[PromotionRecord, ...]:
            raise IntegrityError("the promotion log's tag mlops/x is malformed")

    scene = settled()
    outcomes = reconcile(replace(scene.world, log=Malformed()))
    assert [outcome.code for outcome in outcomes] == [ExitCode.INTEGRITY] * 3


def test_history_is_looked_at_only_where_something_would_be_promoted() -> None:
    scene = settled(models=2)
    scene.push("elsewhere", **{"model-0": "bytes 0", "model-1": "bytes 1"})
    scene.git.point("dev", scene.git.branches["elsewhere"])
    assert [one.observed.rewritten for one in observe(scene.world, DEV).situations] == [False, False]
    scene.push("dev", **{"model-0": "new", "model-1": "bytes 1"})
    assert [one.observed.rewritten for one in observe(scene.world, DEV).situations] == [True, False]
    assert [blocked.model for blocked in scene.plan("dev").blocked] == ["model-0"]
