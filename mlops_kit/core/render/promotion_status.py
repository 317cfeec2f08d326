"""The status of all environments as a table and as a JSON document."""

import json
from collections.abc import Iterator

from pydantic import TypeAdapter

from mlops_kit.core.promotion.status import EnvironmentStatus, Status
from mlops_kit.core.render.escape import MESSAGE_LIMIT, prose
from mlops_kit.core.render.promotion_words import (
    NOTHING,
    printable,
    render_markdown_table,
    render_table,
    short_digest,
)
from mlops_kit.core.types import EnvironmentName

_HEADER = ("environment", "model", "desired", "live", "registry", "serving", "sync", "health")
_ADAPTER = TypeAdapter(Status)


def render_status(status: Status) -> str:
    """A table with a line per model and environment, and below it why something is not in order."""
    rows = [row for name, found in status.environments.items() for row in _rows(name, found)]
    notes = [note for name, found in status.environments.items() for note in _notes(name, found)]
    return "\n".join([*render_table(_HEADER, rows), *([""] if notes else []), *notes])


def render_status_markdown(status: Status) -> str:
    """The same table and reasons for a job summary."""
    rows = [row for name, found in status.environments.items() for row in _rows(name, found)]
    notes = [
        f"- {prose(note, limit=MESSAGE_LIMIT)}"
        for name, found in status.environments.items()
        for note in _notes(name, found)
    ]
    return "\n".join([*render_markdown_table(_HEADER, rows), *([""] if notes else []), *notes])


def status_json(status: Status) -> str:
    """`environments.<environment>.models.<model>` with digests, sync and health."""
    document = _ADAPTER.dump_python(status, mode="json")
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def _rows(name: EnvironmentName, found: EnvironmentStatus) -> Iterator[tuple[str, ...]]:
    for model, state in found.models.items():
        digests = (state.desired, state.live, state.registry, state.serving)
        yield (name, model, *map(short_digest, digests), state.sync, state.health)
    if not found.models:
        yield (name, *[NOTHING] * 5, found.sync, found.health)


def _notes(name: EnvironmentName, found: EnvironmentStatus) -> Iterator[str]:
    if found.message:
        yield f"{name}: {printable(found.message)}"
    for model, state in found.models.items():
        if state.message:
            yield f"{name} {printable(model)}: {printable(state.message)}"
