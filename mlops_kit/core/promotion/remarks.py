"""What is worth saying about a model although nothing is done about it."""

from collections.abc import Iterator

from mlops_kit.core.promotion.debt import find_debt
from mlops_kit.core.promotion.healing import HEAL_LIMIT, heals, is_fought_over, moved_texts
from mlops_kit.core.promotion.situation import Situation
from mlops_kit.core.promotion.standing import find_hold, held_text
from mlops_kit.core.types import Remark


def remarks(situation: Situation) -> tuple[Remark, ...]:
    """The remarks about one model in one environment; none mostly."""
    healing, again = heals(situation), _again(situation)
    moved = [_remark(situation, f"{text}{again}", differs=not healing) for text in moved_texts(situation.observed)]
    quiet = (*_absent_texts(situation), *_standing_texts(situation))
    return (*moved, *(_remark(situation, text) for text in quiet))


def _again(situation: Situation) -> str:
    """What is said where an environment heals, and has done so too often to go on."""
    if not (situation.desired.environment.self_heal and is_fought_over(situation)):
        return ""
    return f", and was put back {HEAL_LIMIT} times within the hour: it stays until somebody finds out who moves it"


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
