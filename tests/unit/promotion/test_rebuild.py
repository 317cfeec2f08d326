"""A registry that is made anew from the log and the bytes."""

from dataclasses import replace

import pytest

from mlops_kit.commands.rebuild import rebuild
from mlops_kit.core.errors import ExitCode, InputError, OutsideError
from mlops_kit.core.promotion.outcome import Outcome, worst_code
from mlops_kit.core.types import AliasReading, ModelName
from mlops_kit.testing.log import MemoryLog
from mlops_kit.testing.registry import MemoryRegistry
from tests.unit.promotion.scene import CHURN, DEV, PRODUCTION, STAGING, Scene, digest_of

FRAUD = ModelName("fraud")


@pytest.fixture
def scene() -> Scene:
    """Two versions of churn in dev, the first of them in staging; one of fraud."""
    scene = Scene()
    scene.push("dev", "staging", churn="a", fraud="f")
    scene.reconcile()
    scene.push("dev", churn="b", fraud="f")
    scene.reconcile()
    return scene


def told(outcomes: tuple[Outcome, ...]) -> list[str]:
    return [f"{change.environment} {change.model} {change.verb}" for outcome in outcomes for change in outcome.done]


def code(outcomes: tuple[Outcome, ...]) -> ExitCode:
    return worst_code(outcome.code for outcome in outcomes)


def facts(registry: MemoryRegistry) -> object:
    """What a registry says, but for its numbers."""
    wanted = {CHURN: frozenset(map(digest_of, "ab")), FRAUD: frozenset({digest_of("f")})}
    return {
        model: (reading.registered, {name: (alias.version and alias.version.digest, alias.seq)
                                     for name, alias in reading.aliases.items()})
        for model, reading in registry.read_models(wanted).items()
    }  # fmt: skip


def test_a_lost_registry_comes_back_with_every_version_and_alias(scene: Scene) -> None:
    before = facts(scene.registry)
    scene.registry = MemoryRegistry()
    outcomes = rebuild(scene.world)
    assert told(outcomes) == [
        "dev churn register", "dev churn register", "dev fraud register", "dev churn set-alias", "dev fraud set-alias",
        "staging churn set-alias", "staging fraud set-alias",
    ]  # fmt: skip
    assert facts(scene.registry) == before
    assert scene.verbs(scene.reconcile()) == []


def test_a_second_rebuild_writes_nothing(scene: Scene) -> None:
    scene.registry = MemoryRegistry()
    rebuild(scene.world)
    writes = scene.writes
    assert told(rebuild(scene.world)) == []
    assert scene.writes == writes


def test_only_the_named_environments_are_rebuilt(scene: Scene) -> None:
    scene.registry = MemoryRegistry()
    rebuild(scene.world, ["staging"])
    assert scene.registry.read_version(CHURN, digest_of("b")) is None
    assert scene.registry.read_alias(CHURN, DEV) == AliasReading(version=None)
    assert scene.registry.read_alias(CHURN, STAGING).seq == 1


def test_missing_bytes_of_an_old_record_are_told_and_stop_nothing(scene: Scene) -> None:
    scene.registry = MemoryRegistry()
    scene.artifacts.missing.add(digest_of("a"))
    outcomes = rebuild(scene.world, ["dev"])
    assert told(outcomes) == ["dev churn register", "dev fraud register", "dev churn set-alias", "dev fraud set-alias"]
    (remark,) = outcomes[0].remarks
    assert remark.message.startswith("record 1 (0cc175b9) stays without a version: the bytes of churn")
    assert code(outcomes) is ExitCode.DONE


def test_missing_bytes_of_what_is_live_are_refused_and_stop_no_other_model(scene: Scene) -> None:
    scene.registry = MemoryRegistry()
    scene.artifacts.missing.add(digest_of("b"))
    outcomes = rebuild(scene.world, ["dev"])
    assert told(outcomes) == ["dev churn register", "dev fraud register", "dev fraud set-alias"]
    assert [blocked.model for blocked in outcomes[0].blocked] == [CHURN]
    assert code(outcomes) is ExitCode.REFUSED


def test_bytes_that_are_not_those_of_the_record_are_an_integrity_failure(scene: Scene) -> None:
    scene.registry = MemoryRegistry()
    scene.artifacts.broken.add(digest_of("f"))
    outcomes = rebuild(scene.world, ["staging"])
    assert told(outcomes) == ["staging churn register", "staging churn set-alias"]
    assert code(outcomes) is ExitCode.INTEGRITY


def test_bytes_with_another_hash_than_the_record_has_are_an_integrity_failure(scene: Scene) -> None:
    scene.registry = MemoryRegistry()
    records, scene.log = scene.log.read_records(), MemoryLog()
    for record in records:
        scene.log.append_record(replace(record, sha256="0" * 64))
    assert code(rebuild(scene.world, ["staging"])) is ExitCode.INTEGRITY


def test_an_alias_moved_by_hand_is_told_and_stays(scene: Scene) -> None:
    scene.registry.move_alias(CHURN, DEV, "1")
    outcomes = rebuild(scene.world)
    assert told(outcomes) == []
    assert [remark.message for outcome in outcomes for remark in outcome.remarks] == [
        f"the alias was moved by hand to {digest_of('a')}"
    ]
    assert code(outcomes) is ExitCode.DIFFERENCE


def test_an_alias_that_went_with_its_version_comes_back(scene: Scene) -> None:
    scene.registry.delete_version(CHURN, "2")
    assert told(rebuild(scene.world)) == ["dev churn register", "dev churn set-alias"]
    found = scene.registry.read_alias(CHURN, DEV).version
    assert found is not None
    assert (found.number, found.digest) == ("3", digest_of("b"))


def test_an_alias_of_a_record_that_the_log_lost_is_refused(scene: Scene) -> None:
    version = scene.registry.read_version(CHURN, digest_of("a"))
    assert version is not None
    scene.registry.set_alias(version, DEV, seq=9)
    outcomes = rebuild(scene.world, ["dev"])
    assert [blocked.reason for blocked in outcomes[0].blocked] == [
        "the alias was set for a promotion that the log does not have: records are missing"
    ]


def test_a_registry_that_gives_no_answer_ends_the_rebuild(scene: Scene) -> None:
    scene.registry.down = True
    with pytest.raises(OutsideError, match="gives no answer"):
        rebuild(scene.world)


def test_without_a_registry_there_is_nothing_to_rebuild(scene: Scene) -> None:
    with pytest.raises(InputError, match="there is no registry to rebuild"):
        rebuild(replace(scene.world, registry=None))


def test_an_environment_without_records_has_nothing_to_rebuild(scene: Scene) -> None:
    assert rebuild(scene.world, [PRODUCTION]) == (Outcome(environment=PRODUCTION),)
