"""Leaves a note in the log of one model in one environment, also while others write to it."""

from collections.abc import Callable, Sequence

from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.types import EnvironmentName, ModelName, Note

ATTEMPTS = 5
"""How often a note is written when somebody else is first each time."""
Say = Callable[[Sequence[Note], int], Note | None]
"""The note to leave after those that are there, under the next number; None where nothing is to be said."""


def leave_note(
    world: World, model: ModelName, environment: EnvironmentName, say: Say
) -> tuple[Sequence[Note], Note | None]:
    """Write what `say` makes of the notes as last fetched; where somebody else was first it is asked again.

    What was there, and what was written. ConflictError where others are first again and again.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            world.git.fetch()
        notes = [one for one in world.log.read_notes() if (one.model, one.environment) == (model, environment)]
        note = say(notes, notes[-1].seq + 1 if notes else 1)
        if note is None:
            return notes, None
        try:
            world.log.append_note(note)
        except ConflictError:
            continue
        return notes, note
    raise ConflictError(f"{model} in {environment}: others wrote to the log {ATTEMPTS} times", hint="run again")
