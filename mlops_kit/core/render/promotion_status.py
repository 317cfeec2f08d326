"""The status of all environments as a table and as a JSON document."""

import json
from collections.abc import Iterator

from pydantic import TypeAdapter

from mlops_kit.core.promotion.status import EnvironmentStatus, ModelStatus, Status
from mlops_kit.core.render.escape import MESSAGE_LIMIT, prose
from mlops_kit.core.render.promotion_words import (
    NOTHING,
    printable,
    render_markdown_table,
    render_table,
    short_digest,
)
from mlops_kit.core.types import EnvironmentName

_HEADER = ("environment", "model", "version", "live", "commit", "since", "sync", "health")
_MINUTES = len("2026-03-01T12:00")
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
        moment = (state.since or NOTHING)[:_MINUTES].replace("T", " ")
        commit = (state.commit or NOTHING)[:8]
        yield (name, model, _version(state), short_digest(state.live), commit, moment, state.sync, state.health)
    if not found.models:
        yield (name, *[NOTHING] * 5, found.sync, found.health)


def _version(state: ModelStatus) -> str:
    """`#3 v7`: the log's number, and the registry's where it is known."""
    words = [f"#{state.seq}"] if state.seq else []
    words += [f"v{state.version}"] if state.version else []
    return " ".join(words) or NOTHING


def _notes(name: EnvironmentName, found: EnvironmentStatus) -> Iterator[str]:
    if found.message:
        yield f"{name}: {printable(found.message)}"
    for model, state in found.models.items():
        wanted = state.desired if state.desired != state.live else None
        parts = (f"wants {short_digest(wanted)}" if wanted else "", printable(state.message))
        if text := "; ".join(part for part in parts if part):
            yield f"{name} {printable(model)}: {text}"
