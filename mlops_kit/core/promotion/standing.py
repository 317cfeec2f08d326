"""What people and roll-outs left standing: holds, and roll-outs that were aborted."""

from collections.abc import Iterable

from mlops_kit.core.promotion.observed import Observed
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Blocked, Note, NoteKind


def find_hold(notes: Iterable[Note]) -> Note | None:
    """The hold that nobody released; None where there is none. Notes come in their order."""
    words = [note for note in notes if note.kind in {NoteKind.HOLD, NoteKind.RELEASE}]
    return words[-1] if words and words[-1].kind is NoteKind.HOLD else None


def find_abort(observed: Observed) -> Note | None:
    """The note that the live record's roll-out was aborted, where nobody asked to try it again since."""
    live = observed.live
    about = [
        note
        for note in observed.notes
        if live and note.record == live.seq and note.kind in {NoteKind.ABORTED, NoteKind.RETRY}
    ]
    return about[-1] if about and about[-1].kind is NoteKind.ABORTED else None


def held_text(hold: Note) -> str:
    """`held by ada since 2026-03-01 12:00 UTC: the reason`."""
    by = f" by {hold.actor}" if hold.actor else ""
    since = f" since {hold.recorded_at:%Y-%m-%d %H:%M} UTC" if hold.recorded_at else ""
    return f"held{by}{since}{_why(hold)}"


def block_held(situation: Situation, hold: Note) -> Blocked:
    """The answer where something would change and is held."""
    return Blocked(
        environment=situation.environment,
        model=situation.model,
        reason=held_text(hold),
        hint=f"mlops-kit hold {situation.environment} {situation.model} --release",
    )


def block_aborted(situation: Situation, abort: Note) -> Blocked:
    """The answer where the live version would be deployed, and its roll-out was aborted."""
    return Blocked(
        environment=situation.environment,
        model=situation.model,
        reason=f"the roll-out of #{abort.record} was aborted{_why(abort)}",
        hint=f"roll back, or try it again: mlops-kit reconcile {situation.environment} --retry",
    )


def _why(note: Note) -> str:
    return f": {note.reason}" if note.reason else ""
