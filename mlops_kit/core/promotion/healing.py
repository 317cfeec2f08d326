"""Whether what a person moved is put back: a few times within the hour, then people are told and nothing is fought.

What was put back is counted by the log's notes, which every runner sees. Their times only set a pace: an order is
never read from them.
"""

from collections.abc import Iterator
from datetime import timedelta

from mlops_kit.core.promotion.observed import Observed, Pointer, alias_text, read_pointers, serving_text
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.types import Note, NoteKind, Plan, Verb

HEAL_LIMIT = 3
"""How often one model is put back in an environment within a period."""
HEAL_PERIOD = timedelta(hours=1)
_NAMES = {Verb.SET_ALIAS: "the alias", Verb.DEPLOY: "the serving target"}


def heals(situation: Situation) -> bool:
    """Whether a reconcile puts back what a person moves here now."""
    return situation.desired.environment.self_heal and not is_fought_over(situation)


def is_fought_over(situation: Situation) -> bool:
    """Whether so much was put back lately that somebody, or something, moves it on purpose."""
    return len(_recent(situation)) >= HEAL_LIMIT


def moved_texts(observed: Observed) -> Iterator[str]:
    """What a person moved, and where to."""
    for verb, pointer in read_pointers(observed).items():
        if pointer is Pointer.MOVED:
            place = alias_text(observed) if verb is Verb.SET_ALIAS else serving_text(observed)
            yield f"{_NAMES[verb]} was moved by hand to {place or 'nothing'}"


def healed_text(situation: Situation, todo: Plan) -> str:
    """What a plan puts back, as the log notes it; empty where it puts back nothing, or brings in something new."""
    planned = {change.verb for change in todo.changes}
    if Verb.RECORD in planned:
        return ""
    moved = {verb for verb, pointer in read_pointers(situation.observed).items() if pointer is Pointer.MOVED}
    return "; ".join(moved_texts(situation.observed)) if moved & planned else ""


def _recent(situation: Situation) -> list[Note]:
    since = situation.now - HEAL_PERIOD
    return [
        note
        for note in situation.observed.notes
        if note.kind is NoteKind.HEALED and note.recorded_at is not None and note.recorded_at > since
    ]
