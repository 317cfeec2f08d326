"""A promotion log in memory, with the compare-and-swap of the real one."""

from mlops_kit.core.errors import ConflictError
from mlops_kit.core.types import Note, PromotionRecord


class MemoryLog:
    """The PromotionLog port without a repository; `writes` counts what was taken."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, int], PromotionRecord] = {}
        self._notes: dict[tuple[str, str, int], Note] = {}
        self.writes = 0

    def read_records(self) -> tuple[PromotionRecord, ...]:
        """All records, ordered by model, environment and seq."""
        return tuple(record for _, record in sorted(self._records.items(), key=lambda item: item[0]))

    def append_record(self, record: PromotionRecord) -> None:
        """Add a record at its seq; ConflictError where the seq is taken, nothing written then."""
        place = (record.model, record.environment, record.seq)
        if place in self._records:
            raise ConflictError(f"#{record.seq} of {record.model} in {record.environment} is taken")
        self._records[place] = record
        self.writes += 1

    def read_notes(self) -> tuple[Note, ...]:
        """All notes, ordered by model, environment and seq."""
        return tuple(note for _, note in sorted(self._notes.items(), key=lambda item: item[0]))

    def append_note(self, note: Note) -> None:
        """Add a note at its seq; ConflictError where the seq is taken, nothing written then."""
        place = (note.model, note.environment, note.seq)
        if place in self._notes:
            raise ConflictError(f"note {note.seq} of {note.model} in {note.environment} is taken")
        self._notes[place] = note
        self.writes += 1
