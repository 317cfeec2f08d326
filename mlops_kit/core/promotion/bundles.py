"""Models that enter an environment together or not at all: what holds one back holds back the others.

Only promotions wait; a live version is looked after whatever its bundle does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mlops_kit.core.config.names import suggest
from mlops_kit.core.documents import Document
from mlops_kit.core.errors import Problem
from mlops_kit.core.promotion.obstacles import find_obstacle
from mlops_kit.core.promotion.situation import Situation, promotion_kind
from mlops_kit.core.types import ModelName


def hold_bundles(situations: Iterable[Situation], bundles: Mapping[str, Sequence[str]]) -> tuple[Situation, ...]:
    """The situations of one environment's models, with what each one's bundles hold against it.

    A model of several bundles hands on what holds it back.
    """
    held = {situation.model: situation for situation in situations}
    while found := next(_find_held(held, bundles), None):
        held[found.model] = found
    return tuple(held.values())


def check_bundles(
    bundles: Mapping[str, Sequence[str]], models: Iterable[ModelName], document: Document
) -> tuple[Problem, ...]:
    """A problem for every bundled name that no model has; `document` is the configuration's, for the places."""
    known = sorted(models)
    return tuple(
        Problem(
            message=f"no dvc.yaml declares a model {member!r}: the bundle would hold back its others for good",
            location=document.locate(("bundle", name, number)),
            field=f"bundle.{name}.{number}",
            hint=suggest(member, known),
        )
        for name, members in bundles.items()
        for number, member in enumerate(members)
        if member not in known
    )


def _find_held(known: Mapping[ModelName, Situation], bundles: Mapping[str, Sequence[str]]) -> Iterator[Situation]:
    """Those whose promotions would enter although another model of the bundle is held back."""
    for name, members in sorted(bundles.items()):
        reasons = {member: _reason(known.get(ModelName(member))) for member in members}
        held = next((f"{member} is held back: {why}" for member, why in sorted(reasons.items()) if why), "")
        for member in members if held else ():
            situation = known.get(ModelName(member))
            if situation and not reasons[member] and promotion_kind(situation):
                yield replace(situation, held_by=f"bundle {name}: {held}")


def _reason(situation: Situation | None) -> str:
    """Why a model of a bundle cannot enter, or be as it should; empty where nothing speaks against it."""
    if situation is None:
        return "no such model is known here"
    if reasons := situation.observed.unreadable:
        return reasons[0]
    if situation.digest is None:
        return "nothing is desired for it"
    obstacle = find_obstacle(situation) if promotion_kind(situation) else None
    return obstacle.reason if obstacle else ""
