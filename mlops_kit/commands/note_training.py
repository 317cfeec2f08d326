"""Notes in the log what became of a retraining, and alarms of drift: whoever comes next, on any runner, knows it."""

from mlops_kit.commands.retrain import Ground
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.promotion.notes import REASON_LIMIT
from mlops_kit.core.types import Note, NoteKind, Training

ATTEMPTS = 5
"""How often a note is written when somebody else is first each time."""


def note_training(world: World, ground: Ground, kind: NoteKind, training: Training, *, reason: str) -> None:
    """Leave a note, unless the same was noted meanwhile; ConflictError where others are first again and again."""
    for attempt in range(ATTEMPTS):
        if attempt:
            world.git.fetch()
        notes = [
            one for one in world.log.read_notes() if (one.model, one.environment) == (ground.model, ground.environment)
        ]
        if attempt and _is_noted(notes, kind, training):
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


def _is_noted(notes: list[Note], kind: NoteKind, training: Training) -> bool:
    """Whether the last word about training is this one."""
    words = [note for note in notes if note.training]
    last = words[-1] if words else None
    return last is not None and last.kind is kind and last.training is not None and _same(last.training, training)


def _same(one: Training, other: Training) -> bool:
    return (one.data, one.key) == (other.data, other.key)


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
