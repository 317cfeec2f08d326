"""The promotion log as a JSON document and as a table for spreadsheets."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from mlops_kit.core.promotion.log import record_message
from mlops_kit.core.promotion.notes import note_message
from mlops_kit.core.promotion.periods import Period
from mlops_kit.core.render.escape import clean
from mlops_kit.core.types import Note, PromotionRecord

COLUMNS = (
    "model", "environment", "seq", "kind", "digest", "previous", "since", "until", "actor", "commit", "pull_request",
    "approvals", "accepted_by", "reason", "sha256", "recipe",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@")
_CELL_LIMIT = 32_000
"""Characters: a cell of a spreadsheet holds 32,767."""


def history_json(periods: Iterable[Period], as_of: datetime | None = None) -> str:
    """`records[]` and `notes[]`: each its tag's own message, and `recorded_at` and `until` in ISO 8601 (UTC)."""
    known = tuple(periods)
    document = {
        "as_of": _iso(as_of),
        "records": [
            {
                **json.loads(record_message(period.record)),
                "recorded_at": _iso(period.record.recorded_at),
                "until": _iso(period.until),
            }
            for period in known
            if period.record
        ],
        "notes": [
            {**json.loads(note_message(note)), "recorded_at": _iso(note.recorded_at)}
            for period in known
            for note in period.notes
        ],
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def history_csv(periods: Iterable[Period], as_of: datetime | None = None) -> str:  # noqa: ARG001 - one shape for all
    """A row per record and note after a header, by RFC 4180; no cell begins as a spreadsheet's formula does."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for period in periods:
        if period.record:
            writer.writerow(map(_cell, _record_row(period.record, period.until)))
        writer.writerows(map(_cell, _note_row(note)) for note in period.notes)
    return text.getvalue()


def _record_row(record: PromotionRecord, until: datetime | None) -> Iterator[str]:
    yield from (record.model, record.environment, str(record.seq), record.kind, str(record.digest))
    yield from (str(record.previous or ""), _iso(record.recorded_at) or "", _iso(until) or "")
    yield from (record.actor, record.commit, str(record.pull_request or ""), ", ".join(record.approvals))
    override = record.override
    yield from (override.actor if override else "", override.reason if override else record.reason)
    yield from (record.sha256, record.recipe)


def _note_row(note: Note) -> Iterator[str]:
    yield from (note.model, note.environment, str(note.record), note.kind, "", "", _iso(note.recorded_at) or "", "")
    yield from (note.actor, note.commit, "", "", "", note.reason, "", "")


def _cell(text: str) -> str:
    """The text without control characters; an apostrophe before what a spreadsheet would compute."""
    shown = clean(text, limit=_CELL_LIMIT)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA_STARTS) else shown


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
