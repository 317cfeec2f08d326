"""What became of a hold or a release, as text and as a JSON document."""

import json
from collections.abc import Iterable

from mlops_kit.core.render.promotion_words import printable
from mlops_kit.core.types import ModelName, Note

Stand = tuple[ModelName, Note | None, bool]
"""A model, the hold in force, and whether that is new."""


def render_holds(environment: str, stands: Iterable[Stand]) -> str:
    """A sentence per model."""
    return "\n".join(_sentence(environment, stand) for stand in stands)


def holds_json(environment: str, stands: Iterable[Stand]) -> str:
    """`models[] {model, held, changed, reason, actor}`."""
    models = [
        {
            "model": model,
            "held": hold is not None,
            "changed": changed,
            "reason": hold.reason if hold else "",
            "actor": hold.actor if hold else "",
        }
        for model, hold, changed in stands
    ]
    return json.dumps({"environment": environment, "models": models}, allow_nan=False, indent=2, sort_keys=True)


def _sentence(environment: str, stand: Stand) -> str:
    model, hold, changed = stand
    place = f"{printable(model)} in {environment}"
    if hold is None:
        return f"{place} is released" if changed else f"{place} is not held: nothing to do"
    if changed:
        return f"{place} is held: {printable(hold.reason)}"
    by = f" by {printable(hold.actor)}" if hold.actor else ""
    return f"{place} is held already{by}: {printable(hold.reason)}; nothing to do"
