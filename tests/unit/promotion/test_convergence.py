"""Whatever happens and whenever it stops: two runs lead to the end, a third writes nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_kit.commands.reconcile import reconcile
from mlops_kit.core.config import Deploy
from mlops_kit.core.ports import Deployer, ModelFiles
from mlops_kit.core.promotion.healing import HEAL_PERIOD
from mlops_kit.core.tracking import NO_LINEAGE, Lineage
from mlops_kit.core.types import (
    AliasReading,
    Digest,
    EnvironmentName,
    ModelName,
    Note,
    PromotionRecord,
    RegisteredVersion,
    RegistryReading,
    ServingReading,
    Sync,
)
from tests.unit.promotion.scene import CHURN, DEV, PRODUCTION, STAGING, THREE, Scene

CONFIG = THREE.replace("branch: dev}", "branch: dev, deploy: {kind: memory}}").replace(
    "production, after: staging", "production, after: staging, self-heal: true, deploy: {kind: memory}"
)
BRANCHES = ("dev", "staging", "production")


class PulledPlugError(BaseException):
    """The machine stopped; nothing in the kit may catch this."""


class Plug:
    """Stops the world before or after the nth write; counts writes."""

    def __init__(self, stop_at: int) -> None:
        self._left = stop_at

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise PulledPlugError


class PluggedLog:
    """The PromotionLog port of a scene, on a plug."""

    def __init__(self, scene: Scene, plug: Plug) -> None:
        self._log, self._plug = scene.log, plug

    def read_records(self) -> tuple[PromotionRecord, ...]:
        return self._log.read_records()

    def append_record(self, record: PromotionRecord) -> None:
        self._plug()
        self._log.append_record(record)
        self._plug()

    def read_notes(self) -> tuple[Note, ...]:
        return self._log.read_notes()

    def append_note(self, note: Note) -> None:
        self._plug()
        self._log.append_note(note)
        self._plug()


class PluggedRegistry:
    """The Registry port of a scene, on a plug, which can also be pulled between alias and note."""

    def __init__(self, scene: Scene, plug: Plug) -> None:
        self._registry, self._plug = scene.registry, plug

    def read_models(self, wanted: Mapping[ModelName, frozenset[Digest]]) -> Mapping[ModelName, RegistryReading]:
        return self._registry.read_models(wanted)

    def read_version(self, model: ModelName, digest: Digest) -> RegisteredVersion | None:
        return self._registry.read_version(model, digest)

    def ensure_version(
        self, record: PromotionRecord, files: ModelFiles, lineage: Lineage = NO_LINEAGE
    ) -> RegisteredVersion:
        self._plug()
        version = self._registry.ensure_version(record, files, lineage)
        self._plug()
        return version

    def read_alias(self, model: ModelName, environment: EnvironmentName) -> AliasReading:
        return self._registry.read_alias(model, environment)

    def set_alias(self, version: RegisteredVersion, environment: EnvironmentName, *, seq: int) -> None:
        self._plug()
        self._registry.set_alias(version, environment, seq=0)
        self._plug()
        self._registry.set_alias(version, environment, seq=seq)
        self._plug()


class PluggedDeployers:
    """The Deployers port of a scene, on a plug."""

    def __init__(self, scene: Scene, plug: Plug) -> None:
        self._target, self._plug = scene.deployers.target, plug

    def open_deployer(self, deploy: Deploy) -> Deployer:
        assert deploy.kind == "memory"
        return self

    def observe(self, environment: EnvironmentName, model: ModelName) -> ServingReading:
        return self._target.observe(environment, model)

    def test(self, record: PromotionRecord) -> None:
        self._target.test(record)

    def deploy(self, record: PromotionRecord, files: ModelFiles) -> None:
        self._plug()
        self._target.deploy(record, files)
        self._plug()


def run_until_the_plug_is_pulled(scene: Scene, stop_at: int) -> bool:
    plug = Plug(stop_at)
    world = replace(
        scene.world,
        log=PluggedLog(scene, plug),
        registry=PluggedRegistry(scene, plug),
        deployers=PluggedDeployers(scene, plug),
    )
    scene.clock.advance(timedelta(seconds=1))
    try:
        reconcile(world)
    except PulledPlugError:
        return True
    return False


def assert_settled(scene: Scene) -> None:
    """One run may still work; then all is in order, and another run writes nothing."""
    scene.reconcile()
    writes = scene.writes
    outcomes = scene.reconcile()
    assert scene.writes == writes
    assert [outcome.done for outcome in outcomes] == [()] * 3
    for environment in (DEV, STAGING, PRODUCTION):
        records = scene.records(environment)
        assert [record.seq for record in records] == list(range(1, len(records) + 1))
        if records and scene.state(environment).sync is not Sync.BLOCKED:
            state = scene.state(environment)
            assert (state.sync, state.live, state.registry) == (Sync.SYNCED, state.desired, state.live)


TRIES = settings(deadline=None, max_examples=60)
PUSHES = st.lists(st.tuples(st.sets(st.sampled_from(BRANCHES)), st.sampled_from("abc")), min_size=1, max_size=5)


@TRIES
@given(PUSHES, st.lists(st.integers(1, 14), max_size=5))
def test_a_promotion_interrupted_anywhere_converges(pushed: list[tuple[set[str], str]], stops: list[int]) -> None:
    scene = Scene(config=CONFIG)
    for place, (branches, letter) in enumerate(pushed):
        if branches:
            scene.push(*sorted(branches), churn=letter)
        if place < len(stops):
            run_until_the_plug_is_pulled(scene, stops[place])
    assert_settled(scene)


@TRIES
@given(PUSHES)
def test_the_plan_of_an_applied_plan_is_empty(pushed: list[tuple[set[str], str]]) -> None:
    scene = Scene(config=CONFIG)
    for branches, letter in pushed:
        if branches:
            scene.push(*sorted(branches), churn=letter)
        scene.reconcile()
        assert scene.plan().changes == ()


@TRIES
@given(st.lists(st.sampled_from(["move", "delete", "forget", "serve"]), min_size=1, max_size=4), st.integers(0, 14))
def test_what_hands_do_in_between_is_healed_where_the_environment_says_so(hands: list[str], stop: int) -> None:
    scene = Scene(config=CONFIG)
    for letter in ("a", "b"):
        scene.push(*BRANCHES, churn=letter)
        scene.reconcile()
    for hand in hands:
        _disturb(scene, hand)
        run_until_the_plug_is_pulled(scene, stop)
    scene.clock.advance(HEAL_PERIOD)  # what was put back often lately is left alone until then
    scene.reconcile()
    state = scene.state(PRODUCTION)
    assert (state.sync, state.registry, state.serving) == (Sync.SYNCED, state.live, state.live)
    writes = scene.writes
    scene.reconcile()
    assert scene.writes == writes


def _disturb(scene: Scene, hand: str) -> None:
    match hand:
        case "move":
            number = scene.registry.add_foreign_version(CHURN)
            scene.registry.move_alias(CHURN, PRODUCTION, number)
        case "delete":
            version = scene.registry.read_alias(CHURN, PRODUCTION).version
            if version:
                scene.registry.delete_version(CHURN, version.number)
        case "forget":
            scene.registry.delete_model(CHURN)
        case _:
            scene.deployers.target.running.clear()


def test_every_write_of_a_first_promotion_can_be_the_last() -> None:
    """The plug is really pulled at each of them, and not beyond."""
    pulled = []
    for stop in range(1, 30):
        scene = Scene(config=CONFIG)
        scene.push(*BRANCHES, churn="a")
        pulled.append(run_until_the_plug_is_pulled(scene, stop))
        assert_settled(scene)
        assert len(scene.records(PRODUCTION)) == 1
    assert pulled == [True] * 21 + [False] * 8
