"""Whether a model is held in an environment: the log's last word on it."""

from collections.abc import Iterable

from mlops_kit.core.types import Note, NoteKind


def find_hold(notes: Iterable[Note]) -> Note | None:
    """The hold that is in force, by the notes of one model in one environment; None where it is free."""
    words = [note for note in notes if note.kind in {NoteKind.HOLD, NoteKind.RELEASE}]
    last = max(words, key=lambda note: note.seq, default=None)
    return last if last is not None and last.kind is NoteKind.HOLD else None
