"""Notes in the log what became of a retraining, and alarms of drift: whoever comes next, on any runner, knows it."""

from mlops_kit.commands.retrain import Ground
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.promotion.notes import REASON_LIMIT
from mlops_kit.core.types import Note, NoteKind, Training

ATTEMPTS = 5
"""How often a note is written when somebody else is first each time."""


def note_training(world: World, ground: Ground, kind: NoteKind, training: Training, *, reason: str) -> None:
    """Leave a note, unless the last word is the same already; ConflictError where others are first again and again."""
    for attempt in range(ATTEMPTS):
        if attempt:
            world.git.fetch()
        notes = [
            one for one in world.log.read_notes() if (one.model, one.environment) == (ground.model, ground.environment)
        ]
        last = next((note for note in reversed(notes) if note.training), None)
        if last and _is_same(last, kind, training):
            return
        try:
            world.log.append_note(
                _next(world, ground, kind, training, seq=notes[-1].seq + 1 if notes else 1, why=reason)
            )
        except ConflictError:
            continue
        return
    raise ConflictError(
        f"{ground.model} in {ground.environment}: others wrote to the log {ATTEMPTS} times", hint="run again"
    )


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
