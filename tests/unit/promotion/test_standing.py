"""Holds, roll-outs that were aborted, and their retry."""

from dataclasses import replace
from datetime import UTC, datetime

from mlops_kit.commands.retry import retry_aborted
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.ports import ModelFiles
from mlops_kit.core.types import CommitSha, EnvironmentName, Health, Model, Note, NoteKind, Sync
from mlops_kit.testing.artifacts import MemoryArtifacts
from mlops_kit.testing.log import MemoryLog
from tests.unit.promotion.scene import CHURN, DEV, ONE, Scene, digest_of

SERVED = ONE.replace("branch: dev", "branch: dev, self-heal: true, deploy: {kind: memory}")
HELD = "held by eve since 2026-03-01 12:00 UTC: audit"


def note(
    scene: Scene, kind: NoteKind, *, record: int = 0, reason: str = "", environment: EnvironmentName = DEV
) -> None:
    seq = sum(one.environment == environment for one in scene.log.read_notes()) + 1
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    scene.log.append_note(
        Note(
            model=CHURN, environment=environment, seq=seq, kind=kind, commit=CommitSha("c" * 40), record=record,
            reason=reason, actor="eve", recorded_at=moment,
        )
    )  # fmt: skip


def promoted(config: str = SERVED) -> Scene:
    scene = Scene(config=config)
    scene.push("dev", churn="a")
    scene.reconcile()
    return scene


def test_a_held_model_is_neither_promoted_nor_repaired_nor_healed() -> None:
    scene = promoted()
    note(scene, NoteKind.HOLD, reason="audit")
    scene.push("dev", churn="b")
    scene.registry.delete_model(CHURN)
    scene.deployers.target.running[DEV, CHURN] = digest_of("z")
    writes = scene.writes
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.writes) == (ExitCode.REFUSED, writes)
    assert [(one.reason, one.hint) for one in outcome.blocked] == [(HELD, "mlops-kit hold dev churn --release")]
    assert scene.plan().changes == ()
    assert (scene.state().sync, scene.state().message.count("held by")) == (Sync.BLOCKED, 1)


def test_where_nothing_would_change_a_hold_is_a_remark() -> None:
    scene = promoted()
    note(scene, NoteKind.HOLD, reason="audit")
    outcome = scene.reconcile()[0]
    assert (outcome.code, [remark.message for remark in outcome.remarks]) == (ExitCode.DONE, [HELD])
    assert (scene.state().sync, scene.state().message) == (Sync.SYNCED, HELD)


def test_a_released_model_goes_on_and_another_environment_s_hold_is_not_its_own() -> None:
    scene = promoted()
    note(scene, NoteKind.HOLD)
    note(scene, NoteKind.RELEASE)
    note(scene, NoteKind.HOLD, environment=EnvironmentName("staging"))
    scene.push("dev", churn="b")
    scene.reconcile()
    assert scene.story() == "1 bootstrap a, 2 promote b"
    note(scene, NoteKind.HOLD)
    scene.push("dev", churn="c")
    assert scene.reconcile()[0].code is ExitCode.REFUSED


def test_of_a_held_model_no_gate_and_no_remote_is_asked() -> None:
    scene = promoted()
    note(scene, NoteKind.HOLD, reason="audit")
    scene.push("dev", churn="b")
    scene.artifacts.missing.add(digest_of("b"))
    assert scene.reconcile()[0].blocked[0].reason == HELD


class HoldingArtifacts(MemoryArtifacts):
    """Somebody holds the model while its bytes are read."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__()
        self._log = log

    def fetch_model(self, model: Model, commit: CommitSha) -> ModelFiles:
        if not self._log.read_notes():
            held = Note(model=CHURN, environment=DEV, seq=1, kind=NoteKind.HOLD, commit=commit, actor="eve")
            self._log.append_note(held)
        return super().fetch_model(model, commit)


def test_a_hold_that_comes_while_bytes_are_published_is_heeded() -> None:
    log = MemoryLog()
    scene = Scene(config=ONE, log=log, artifacts=HoldingArtifacts(log))
    scene.push("dev", churn="a")
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.records()) == (ExitCode.REFUSED, [])
    assert outcome.blocked[0].reason == "held by eve"


def aborted() -> Scene:
    """Version b is live and was taken back from the serving target, which runs a."""
    scene = promoted()
    scene.push("dev", churn="b")
    scene.reconcile()
    scene.deployers.target.running[DEV, CHURN] = digest_of("a")
    note(scene, NoteKind.ABORTED, record=2, reason="canary at 10 % answered 5xx")
    return scene


def test_an_aborted_roll_out_is_not_tried_again_by_itself() -> None:
    scene = aborted()
    writes = scene.writes
    outcome = scene.reconcile()[0]
    assert (outcome.code, scene.writes) == (ExitCode.REFUSED, writes)
    assert outcome.blocked[0].reason == "the roll-out of #2 was aborted: canary at 10 % answered 5xx"
    assert outcome.blocked[0].hint == "roll back, or try it again: mlops-kit reconcile dev --retry"
    assert scene.state().sync is Sync.BLOCKED


def test_a_retry_deploys_it_once_more_and_can_be_repeated() -> None:
    scene = aborted()
    (written,) = retry_aborted(scene.world, ["dev"])
    assert (written.kind, written.record, written.seq, written.actor) == (NoteKind.RETRY, 2, 2, "ada")
    assert retry_aborted(scene.world, ["dev"]) == ()
    assert scene.verbs(scene.reconcile()) == ["dev deploy"]
    assert scene.state().health is Health.HEALTHY
    note(scene, NoteKind.ABORTED, record=2)
    scene.deployers.target.running.clear()
    assert scene.reconcile()[0].code is ExitCode.REFUSED


def test_after_an_abort_a_rollback_or_another_version_is_deployed() -> None:
    for letter in ("a", "c"):
        scene = aborted()
        scene.push("dev", churn=letter)
        assert scene.reconcile()[0].code is ExitCode.DONE
        assert scene.deployers.target.running[DEV, CHURN] == digest_of(letter)


def test_an_abort_holds_back_the_deployment_alone() -> None:
    scene = aborted()
    scene.registry.delete_model(CHURN)
    outcome = scene.reconcile()[0]
    assert scene.verbs((outcome,)) == ["dev register", "dev set-alias"]
    assert outcome.blocked[0].reason.startswith("the roll-out of #2 was aborted")


class RacingNotes(MemoryLog):
    """Somebody else writes the same note just before us, once."""

    raced = False

    def append_note(self, note: Note) -> None:
        if note.kind is NoteKind.RETRY and not self.raced:
            self.raced = True
            super().append_note(replace(note, kind=NoteKind.HOLD, record=0, actor="eve"))
        super().append_note(note)


def test_who_loses_the_race_for_a_note_s_number_takes_the_next() -> None:
    scene = Scene(config=SERVED, log=RacingNotes())
    scene.push("dev", churn="a")
    scene.reconcile()
    note(scene, NoteKind.ABORTED, record=1)
    retry_aborted(scene.world)
    assert [(one.seq, one.kind) for one in scene.log.read_notes()] == [(1, "aborted"), (2, "hold"), (3, "retry")]
