"""Fits blocks of text into a limit: the important ones whole, the others with fewer rows and a note."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

_NOTE_ROOM = 80


class Rank(IntEnum):
    """Which part of the comment gets room first."""

    VERDICT = 0
    GATES = 1
    METRICS = 2
    NOTES = 3
    PLOTS = 4
    PLAN = 5
    PARAMS = 6
    DATA = 7
    MODELS = 8
    STAGES = 9
    SECTIONS = 10
    SAME_METRICS = 11
    QUIET_STAGES = 12
    GRAPH = 13


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows between two frames. `rank` says who gets room first (0 before 1); `more` names the rows in the note."""

    rank: int
    before: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    more: str = "rows"

    @property
    def frame(self) -> int:
        """Characters that the block takes without any row."""
        return sum(len(line) + 1 for line in (*self.before, *self.after)) + _NOTE_ROOM


def fit(blocks: Sequence[Block], *, limit: int) -> str:
    """The blocks in their order, never longer than `limit` characters; a block without room for its frame is left out.

    Rows are cut from the end, and a note says how many.
    """
    left = limit
    kept: dict[int, int] = {}
    for number, block in sorted(enumerate(blocks), key=lambda pair: (pair[1].rank, pair[0])):
        if block.frame > left:
            continue
        left -= block.frame
        kept[number], used = _take(block.rows, left)
        left -= used
    return "\n".join(line for number in sorted(kept) for line in _lines(blocks[number], kept[number]))


def _take(rows: Iterable[str], room: int) -> tuple[int, int]:
    """How many rows fit, and the characters that they take."""
    count = used = 0
    for row in rows:
        if used + len(row) + 1 > room:
            break
        count, used = count + 1, used + len(row) + 1
    return count, used


def _lines(block: Block, count: int) -> tuple[str, ...]:
    missing = len(block.rows) - count
    note = (f"\n… and {missing} more {block.more}, see report.json",) if missing else ()
    return (*block.before, *block.rows[:count], *note, *block.after)
