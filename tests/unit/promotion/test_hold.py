"""commands/hold.py: holds and releases as notes of the log."""

import json

import pytest

from mlops_kit.commands.hold import HoldResult, Word, note_hold
from mlops_kit.core.errors import ConflictError, InputError
from mlops_kit.core.render.promotion_holds import holds_json, render_holds
from mlops_kit.core.types import Note, NoteKind
from mlops_kit.testing.log import MemoryLog
from tests.unit.promotion.scene import CHURN, DEV, Scene

HOLD = Word(kind=NoteKind.HOLD, reason="audit")
RELEASE = Word(kind=NoteKind.RELEASE)


def promoted() -> Scene:
    scene = Scene()
    scene.push("dev", churn="a", price="p")
    scene.reconcile("dev")
    return scene


def kinds(scene: Scene) -> list[str]:
    return [f"{note.model} {note.seq} {note.kind}" for note in scene.log.read_notes()]


def told(results: tuple[HoldResult, ...]) -> list[str]:
    return render_holds("dev", [(found.model, found.hold, found.changed) for found in results]).splitlines()


def test_all_models_are_held_where_none_is_named_and_one_is_released() -> None:
    scene = promoted()
    assert told(note_hold(scene.world, "dev", HOLD)) == ["churn in dev is held: audit", "price in dev is held: audit"]
    release = Word(kind=NoteKind.RELEASE, models=("price",))
    assert told(note_hold(scene.world, "dev", release)) == ["price in dev is released"]
    assert kinds(scene) == ["churn 1 hold", "price 1 hold", "price 2 release"]


def test_a_note_says_who_why_when_and_at_which_record() -> None:
    scene = promoted()
    note_hold(scene.world, "dev", Word(kind=NoteKind.HOLD, models=("churn",), reason="audit"))
    (note,) = scene.log.read_notes()
    assert note == Note(
        model=CHURN,
        environment=DEV,
        seq=1,
        kind=NoteKind.HOLD,
        commit=scene.git.branches["dev"],
        record=1,
        reason="audit",
        actor="ada",
        recorded_at=scene.clock.now(),
    )


def test_twice_there_is_nothing_to_do() -> None:
    scene = promoted()
    assert told(note_hold(scene.world, "dev", RELEASE))[0] == "churn in dev is not held: nothing to do"
    note_hold(scene.world, "dev", HOLD)
    again = note_hold(scene.world, "dev", Word(kind=NoteKind.HOLD, models=("churn",), reason="other"))
    assert told(again) == ["churn in dev is held already by ada: audit; nothing to do"]
    assert kinds(scene) == ["churn 1 hold", "price 1 hold"]
    document = json.loads(holds_json("dev", [(found.model, found.hold, found.changed) for found in again]))
    assert document == {
        "environment": "dev",
        "models": [{"model": "churn", "held": True, "changed": False, "reason": "audit", "actor": "ada"}],
    }


def test_a_model_can_be_held_before_its_first_promotion() -> None:
    scene = Scene()
    scene.push("dev", churn="a")
    assert [found.changed for found in note_hold(scene.world, "dev", HOLD)] == [True]
    assert scene.log.read_notes()[0].record == 0


def test_what_is_in_the_log_can_be_held_while_the_head_cannot_be_read() -> None:
    scene = promoted()
    scene.git.commit("dev", {"dvc.yaml": b"stages: [", "mlops.yaml": b"version: 1\n"})
    named = Word(kind=NoteKind.HOLD, models=("churn",), reason="the head is broken")
    assert [found.changed for found in note_hold(scene.world, "dev", named)] == [True]
    with pytest.raises(InputError):
        note_hold(scene.world, "dev", HOLD)


@pytest.mark.parametrize(
    ("environment", "word", "why"),
    [
        ("prod", HOLD, "'prod' is not an environment"),
        ("dev", Word(kind=NoteKind.HOLD, models=("chrun",), reason="x"), "dev has no model 'chrun'"),
        ("staging", HOLD, "staging has no model to speak of"),
        ("dev", Word(kind=NoteKind.HOLD, reason=" "), "a hold needs a reason"),
        ("dev", Word(kind=NoteKind.HOLD, reason="x" * 501), "501 characters"),
    ],
)
def test_what_makes_no_sense_writes_nothing(environment: str, word: Word, why: str) -> None:
    scene = promoted()
    with pytest.raises(InputError, match=why):
        note_hold(scene.world, environment, word)
    assert scene.log.read_notes() == ()


class Contested(MemoryLog):
    """A log to which somebody else writes just before, as often as is said."""

    def __init__(self, kinds: list[NoteKind]) -> None:
        super().__init__()
        self.before = kinds

    def append_note(self, note: Note) -> None:
        if self.before:
            kind = self.before.pop(0)
            super().append_note(Note(**{**vars(note), "kind": kind, "actor": "eve"}))
        super().append_note(note)


def test_who_loses_a_race_looks_again() -> None:
    scene = promoted()
    scene.log = Contested([NoteKind.RELEASE])
    scene.push("dev", churn="a")
    word = Word(kind=NoteKind.HOLD, models=("churn",), reason="audit")
    assert [found.changed for found in note_hold(scene.world, "dev", word)] == [True]
    assert kinds(scene) == ["churn 1 release", "churn 2 hold"]


def test_who_finds_the_same_word_said_meanwhile_says_nothing() -> None:
    scene = promoted()
    scene.log = Contested([NoteKind.HOLD])
    word = Word(kind=NoteKind.HOLD, models=("churn",), reason="audit")
    (found,) = note_hold(scene.world, "dev", word)
    assert (found.changed, found.hold and found.hold.actor) == (False, "eve")


def test_five_lost_races_are_a_conflict() -> None:
    scene = promoted()
    scene.log = Contested([NoteKind.RELEASE] * 5)
    with pytest.raises(ConflictError):
        note_hold(scene.world, "dev", Word(kind=NoteKind.HOLD, models=("churn",), reason="audit"))
