"""Notes in the log that something moved by hand is put back, before it is: whoever comes next counts it."""

from mlops_kit.commands.live import confirm_last
from mlops_kit.commands.world import World
from mlops_kit.core.promotion.healing import healed_text
from mlops_kit.core.promotion.notes import REASON_LIMIT
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Note, NoteKind, Plan


def note_heal(world: World, situation: Situation, todo: Plan) -> None:
    """Leave a note where the plan puts something back; ConflictError where somebody else noted something first."""
    live, moved = situation.observed.live, healed_text(situation, todo)
    if live is None or not moved:
        return
    confirm_last(world.git, world.log, live)
    notes = situation.observed.notes
    world.log.append_note(
        Note(
            model=situation.model,
            environment=situation.environment,
            seq=notes[-1].seq + 1 if notes else 1,
            kind=NoteKind.HEALED,
            commit=live.commit,
            record=live.seq,
            reason=moved[:REASON_LIMIT],
            actor=world.origin.actor,
            recorded_at=world.clock.now(),
        )
    )
