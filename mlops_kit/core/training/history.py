"""What the log's notes say of earlier retrainings and alarms of one model in one environment.

Notes are put in order by their numbers; their times only set a pace, and only of what was live then and still is: a
promotion begins anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops_kit.core.types import Note, NoteKind

WEEK = timedelta(days=7)
OUTCOMES = frozenset({NoteKind.PROPOSED, NoteKind.REJECTED, NoteKind.FAILED})
"""What a retraining came to."""
LONGEST_DOUBLING = 6
"""How often the cooldown doubles at most."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The notes of one model in one environment, and the number of the record that is live (0: none)."""

    notes: tuple[Note, ...] = ()
    live: int = 0

    def find_outcome(self, key: str) -> Note | None:
        """The last word about the retraining of a key; None where there was none."""
        return next((note for note in reversed(self._outcomes) if note.training and note.training.key == key), None)

    @property
    def last(self) -> Note | None:
        """The last retraining, whatever it came to."""
        return self._outcomes[-1] if self._outcomes else None

    @property
    def rejected(self) -> int:
        """How many retrainings in a row, the last ones since the last promotion, were no better."""
        count = 0
        for note in reversed(self._outcomes):
            if note.kind is not NoteKind.REJECTED or note.record != self.live:
                break
            count += 1
        return count

    def without_failure(self, key: str, asked_at: datetime) -> "History":
        """The history before the failure of a training that was asked for then, where that is the last word of it.

        Its result may be there all the same, and be proposed by a second try.
        """
        last = self.last
        if last is None or last.kind is not NoteKind.FAILED or not last.training:
            return self
        is_own = (last.training.key, last.training.asked) == (key, milliseconds(asked_at))
        return History(notes=tuple(note for note in self.notes if note != last), live=self.live) if is_own else self

    def cooldown(self, policy: timedelta) -> timedelta:
        """The cooldown, doubled for each retraining in a row that was no better."""
        return policy * (1 << min(self.rejected, LONGEST_DOUBLING))

    def within_week(self, now: datetime) -> tuple[Note, ...]:
        """The retrainings of the last seven days; those whose runner's clock was ahead count too."""
        return tuple(note for note in self._outcomes if note.recorded_at and note.recorded_at > now - WEEK)

    @property
    def alarms(self) -> frozenset[str]:
        """The data of the alarms in a row, since the last promotion and since the data was last as before."""
        found: set[str] = set()
        for note in self.notes:
            if note.kind is NoteKind.CALM:
                found.clear()
            elif note.kind is NoteKind.ALARM and note.record == self.live and note.training:
                found.add(note.training.data)
        return frozenset(found)

    @property
    def _outcomes(self) -> tuple[Note, ...]:
        return tuple(note for note in self.notes if note.kind in OUTCOMES)


def milliseconds(moment: datetime) -> int:
    """A moment in milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def history_of(notes: Iterable[Note], *, live: int) -> History:
    """The history that notes tell, given in any order."""
    return History(notes=tuple(sorted(notes, key=lambda note: note.seq)), live=live)
