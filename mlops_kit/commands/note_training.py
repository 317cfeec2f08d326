"""Notes in the log what became of a retraining, and alarms of drift: whoever comes next, on any runner, knows it."""

from collections.abc import Sequence

from mlops_kit.commands.leave_note import leave_note
from mlops_kit.commands.retrain import Ground
from mlops_kit.commands.world import World
from mlops_kit.core.promotion.notes import REASON_LIMIT
from mlops_kit.core.types import Note, NoteKind, Training


def note_training(world: World, ground: Ground, kind: NoteKind, training: Training, *, reason: str) -> None:
    """Leave a note, unless the last word is the same already; ConflictError where others are first again and again."""

    def say(notes: Sequence[Note], seq: int) -> Note | None:
        last = next((note for note in reversed(notes) if note.training), None)
        if last and _is_same(last, kind, training):
            return None
        return _next(world, ground, kind, training, seq=seq, why=reason)

    leave_note(world, ground.model, ground.environment, say)


def _is_same(note: Note, kind: NoteKind, training: Training) -> bool:
    """Whether a note says this already, whatever it cost."""
    found = note.training
    if note.kind is not kind or found is None:
        return False
    return (found.data, found.key, found.asked) == (training.data, training.key, training.asked)


def _next(world: World, ground: Ground, kind: NoteKind, training: Training, *, seq: int, why: str) -> Note:
    return Note(
        model=ground.model,
        environment=ground.environment,
        seq=seq,
        kind=kind,
        commit=ground.head,
        record=ground.live.seq if ground.live else 0,
        reason=why[:REASON_LIMIT],
        actor=world.origin.actor,
        training=training,
        recorded_at=world.clock.now(),
    )
