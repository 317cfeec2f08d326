"""What is worth saying about a model although nothing is done about it."""

from collections.abc import Iterator

from mlops_kit.core.promotion.debt import find_debt
from mlops_kit.core.promotion.observed import Observed, Pointer, alias_text, read_pointers, serving_text
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.promotion.standing import find_hold, held_text
from mlops_kit.core.types import Remark, Verb

_NAMES = {Verb.SET_ALIAS: "the alias", Verb.DEPLOY: "the serving target"}


def remarks(situation: Situation) -> tuple[Remark, ...]:
    """The remarks about one model in one environment; none mostly."""
    healing = situation.desired.environment.self_heal
    moved = [_remark(situation, text, differs=not healing) for text in _moved_texts(situation.observed)]
    quiet = (*_absent_texts(situation), *_standing_texts(situation))
    return (*moved, *(_remark(situation, text) for text in quiet))


def _moved_texts(observed: Observed) -> Iterator[str]:
    for verb, pointer in read_pointers(observed).items():
        if pointer is Pointer.MOVED:
            place = alias_text(observed) if verb is Verb.SET_ALIAS else serving_text(observed)
            yield f"{_NAMES[verb]} was moved by hand to {place or 'nothing'}"


def _absent_texts(situation: Situation) -> Iterator[str]:
    if situation.digest is None and situation.observed.live:
        yield "the branch no longer names this model: the live version stays, nothing is deleted"
    elif situation.digest is None:
        yield "dvc.lock names no bytes of it yet: mlops-kit reproduce"


def _standing_texts(situation: Situation) -> Iterator[str]:
    """Debts, and holds and aborts, which say something also where they stop nothing."""
    observed = situation.observed
    if debt := find_debt(situation):
        yield str(debt)
    if hold := find_hold(observed.notes):
        yield held_text(hold)


def _remark(situation: Situation, message: str, *, differs: bool = False) -> Remark:
    return Remark(environment=situation.environment, model=situation.model, message=message, differs=differs)
