"""Lets roll-outs that were aborted be tried again, by a note in the log."""

from collections.abc import Iterator, Sequence

from mlops_kit.commands.plan import choose_environments
from mlops_kit.commands.world import World
from mlops_kit.core.errors import ConflictError
from mlops_kit.core.promotion.observed import Observed
from mlops_kit.core.promotion.standing import find_abort
from mlops_kit.core.types import EnvironmentName, ModelName, Note, NoteKind

ATTEMPTS = 5
"""How often a note is tried when somebody else is first each time."""


def retry_aborted(world: World, names: Sequence[str] = ()) -> tuple[Note, ...]:
    """Note for each live version whose roll-out was aborted that it may be tried again; the notes that were written.

    Nothing is noted where nothing was aborted, so that it can be repeated.
    """
    written: list[Note] = []
    for attempt in range(1, ATTEMPTS + 1):
        world.git.fetch()
        try:
            for note in _wanted(world, choose_environments(world, names)):
                world.log.append_note(note)
                written.append(note)
        except ConflictError:
            if attempt == ATTEMPTS:
                raise
        else:
            break
    return tuple(written)


def _wanted(world: World, names: Sequence[EnvironmentName]) -> Iterator[Note]:
    """A note for every abort that stands, as last fetched."""
    records, notes = world.log.read_records(), world.log.read_notes()
    for name, model in sorted({(record.environment, record.model) for record in records}):
        here = Observed(
            records=tuple(record for record in records if (record.environment, record.model) == (name, model)),
            notes=tuple(note for note in notes if (note.environment, note.model) == (name, model)),
        )
        if name in names and find_abort(here):
            yield _note(world, here, name=name, model=model)


def _note(world: World, here: Observed, *, name: EnvironmentName, model: ModelName) -> Note:
    live = here.records[-1]
    return Note(
        model=model,
        environment=name,
        seq=here.notes[-1].seq + 1,
        kind=NoteKind.RETRY,
        commit=live.commit,
        record=live.seq,
        actor=world.origin.actor,
        recorded_at=world.clock.now(),
    )
