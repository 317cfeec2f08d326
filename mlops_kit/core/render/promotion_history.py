"""The promotion log as sentences, for the terminal and for markdown."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from mlops_kit.core.promotion.periods import Period
from mlops_kit.core.render.escape import MESSAGE_LIMIT, prose
from mlops_kit.core.render.promotion_words import printable, short_digest
from mlops_kit.core.types import Note, NoteKind, PromotionKind, PromotionRecord

_HOW = {
    PromotionKind.BOOTSTRAP: "entered {place} as its first version",
    PromotionKind.PROMOTE: "entered {place}",
    PromotionKind.ROLLBACK: "came back to {place}",
    PromotionKind.HOTFIX: "entered {place} as a hotfix",
    PromotionKind.REDEPLOY: "was deployed to {place} again",
}
_NOTED = {
    NoteKind.HOLD: "{model} was held in {place}",
    NoteKind.RELEASE: "{model} was released in {place}",
    NoteKind.ABORTED: "the roll-out of {model} in {place} was aborted",
    NoteKind.HEALED: "{model} was put back in {place}",
    NoteKind.RETRY: "the aborted roll-out of {model} in {place} was allowed again",
    NoteKind.ALARM: "the data of {model} in {place} drifted",
    NoteKind.CALM: "the data of {model} in {place} was as before again",
    NoteKind.PROPOSED: "{model} was trained again for {place}",
    NoteKind.REJECTED: "{model} was trained again for {place}, and not proposed",
    NoteKind.FAILED: "training {model} again for {place} failed",
}
_EMPTY = "the log is empty: nothing was promoted yet"


def render_history(periods: Iterable[Period], as_of: datetime | None = None) -> str:
    """A line per record and per note; with `as_of` what was live then."""
    lines = [line for period in periods for line in _tell(period)]
    return "\n".join([*_heads(as_of, lines), *lines])


def render_history_markdown(periods: Iterable[Period], as_of: datetime | None = None) -> str:
    """One list item per record and per note."""
    lines = [f"- {prose(line.lstrip(), limit=MESSAGE_LIMIT)}" for period in periods for line in _tell(period)]
    heads = _heads(as_of, lines)
    return "\n".join([*(prose(head) for head in heads), *([""] if heads and lines else []), *lines])


def _heads(as_of: datetime | None, found: Sequence[str]) -> list[str]:
    """What stands above the lines, or in their place."""
    if as_of is None:
        return [] if found else [_EMPTY]
    what = "this was live:" if found else "nothing was live."
    return [f"As of {as_of:%Y-%m-%d %H:%M:%S} UTC {what}"]


def _tell(period: Period) -> Iterator[str]:
    if period.record:
        yield f"{_sentence(period.record)} {_end(period)}"
    yield from map(_note, period.notes)


def _sentence(record: PromotionRecord) -> str:
    parts = [
        f"#{record.seq} {printable(record.model)} {short_digest(str(record.digest))}",
        _HOW[record.kind].format(place=record.environment),
        f"on {_moment(record.recorded_at)}" if record.recorded_at else "",
        f"by {printable(record.actor)}" if record.actor else "",
    ]
    origin = f"promoted from commit {record.commit[:8]}"
    origin += f" (pull request #{record.pull_request})" if record.pull_request else ""
    replaced = record.previous is not None and record.previous != record.digest
    tail = f", replacing {short_digest(str(record.previous))}" if replaced else ""
    return f"{' '.join(part for part in parts if part)}, {origin}{tail}{_consent(record)}."


def _consent(record: PromotionRecord) -> str:
    """Who approved, why a hotfix skipped an environment, and who accepted by hand what a gate refused."""
    text = f", approved by {printable(', '.join(record.approvals))}" if record.approvals else ""
    text += f", because: {_reason(record.reason)}" if record.reason else ""
    found = record.override
    if found is None:
        return text
    pull_request = f"pull request #{found.pull_request}"
    return f"{text}, accepted by hand by {printable(found.actor)} on {pull_request}: {_reason(found.reason)}"


def _end(period: Period) -> str:
    return f"It was live until {_moment(period.until)}." if period.until else "It is live."


def _note(note: Note) -> str:
    done = _NOTED[note.kind].format(model=printable(note.model), place=note.environment)
    when = f" on {_moment(note.recorded_at)}" if note.recorded_at else ""
    who = f" by {printable(note.actor)}" if note.actor else ""
    why = f": {_reason(note.reason)}" if note.reason else ""
    return f"  {done}{when}{who}{why}."


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _reason(text: str) -> str:
    return printable(text).rstrip(".")
