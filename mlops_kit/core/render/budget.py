"""Fits blocks of text into a limit: the important ones whole, the others with fewer rows, and a note of the rest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

_ROOM_FOR_NOTE = 120


class Rank(IntEnum):
    """Which part of the comment gets room first."""

    VERDICT = 0
    BANNERS = 1
    FAILURES = 2
    GATES = 3
    COMPARABILITY = 4
    METRICS = 5
    PLOTS = 6
    PLAN = 7
    FOOTER = 8
    NOTES = 9
    PARAMS = 10
    SWEEP = 11
    DATA = 12
    MODELS = 13
    STAGES = 14
    SECTIONS = 15
    PASSING_GATES = 16
    SAME_METRICS = 17
    QUIET_STAGES = 18
    GRAPH = 19


def characters(text: str) -> int:
    """The length of a text as GitHub counts a comment."""
    return len(text)


def octets(text: str) -> int:
    """The length of a text as GitHub counts a summary page."""
    return len(text.encode())


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long a text may be, counted how, and where a reader finds what has no place in it (markdown of ours)."""

    limit: int
    measure: Callable[[str], int] = characters
    elsewhere: str = "report.json"


@dataclass(frozen=True, kw_only=True)
class Block:
    """Rows between two frames. `rank` says who gets room first (0 before 1); `more` names what it shows in notes.

    `most` is the room that its rows take at most, None for all that is left.
    """

    rank: int
    before: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    more: str = "rows"
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    block: Block
    rows: int

    @property
    def missing(self) -> int:
        return len(self.block.rows) - self.rows


def fit(blocks: Sequence[Block], budget: Budget) -> str:
    """The blocks in their order, never longer than the budget; a block without room for its frame is left out.

    Rows are cut from the end. A note says how many, and a last one names the blocks that are left out.
    """
    note_room = _ROOM_FOR_NOTE + budget.measure(budget.elsewhere)
    room = budget.limit - note_room
    kept: dict[int, _Fitted] = {}
    for number, block in sorted(enumerate(blocks), key=lambda pair: (pair[1].rank, pair[0])):
        frame = _size((*block.before, *block.after), budget) + (note_room if block.rows else 0)
        if frame <= room:
            most = room - frame if block.most is None else min(room - frame, block.most)
            rows, used = _take(block.rows, most, budget)
            kept[number] = _Fitted(block=block, rows=rows)
            room -= frame + used
    lost = [block.more for number, block in enumerate(blocks) if number not in kept]
    lines = [line for number in sorted(kept) for line in _lines(kept[number], budget)]
    return "\n".join([*lines, *(_closing(lost, budget) if budget.limit >= note_room else ())])


def _size(lines: Iterable[str], budget: Budget) -> int:
    return sum(budget.measure(line) + 1 for line in lines)


def _take(rows: Iterable[str], room: int, budget: Budget) -> tuple[int, int]:
    """How many rows fit, and the room that they take."""
    count = used = 0
    for row in rows:
        size = budget.measure(row) + 1
        if used + size > room:
            break
        count, used = count + 1, used + size
    return count, used


def _lines(fitted: _Fitted, budget: Budget) -> tuple[str, ...]:
    block = fitted.block
    note = (f"\n… and {fitted.missing} more {block.more}: see {budget.elsewhere}",) if fitted.missing else ()
    return (*block.before, *block.rows[: fitted.rows], *note, *block.after)


def _closing(lost: list[str], budget: Budget) -> tuple[str, ...]:
    """What is left out altogether."""
    words = ", ".join(dict.fromkeys(lost))
    if not lost:
        return ()
    told = words if len(words) <= _ROOM_FOR_NOTE // 2 else f"{len(lost)} parts"
    return (f"Left out for length: {told}. See {budget.elsewhere}.",)
