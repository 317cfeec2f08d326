"""The promotion log as sentences and as a JSON document."""

import json
from collections.abc import Iterable

from mlops_kit.core.promotion.log import record_message
from mlops_kit.core.render.escape import MESSAGE_LIMIT, prose
from mlops_kit.core.render.promotion_words import printable, short_digest
from mlops_kit.core.types import PromotionKind, PromotionRecord

_HOW = {
    PromotionKind.BOOTSTRAP: "entered {place} as its first version",
    PromotionKind.PROMOTE: "entered {place}",
    PromotionKind.ROLLBACK: "came back to {place}",
    PromotionKind.HOTFIX: "entered {place} as a hotfix",
    PromotionKind.REDEPLOY: "was deployed to {place} again",
}

_EMPTY = "the log is empty: nothing was promoted yet"


def render_history(records: Iterable[PromotionRecord]) -> str:
    """One sentence per record."""
    return "\n".join([_sentence(record) for record in records] or [_EMPTY])


def render_history_markdown(records: Iterable[PromotionRecord]) -> str:
    """One list item per record."""
    return "\n".join([f"- {prose(_sentence(record), limit=MESSAGE_LIMIT)}" for record in records] or [prose(_EMPTY)])


def history_json(records: Iterable[PromotionRecord]) -> str:
    """`records[]`: each the tag's own message, with `recorded_at` in ISO 8601 (UTC) beside."""
    document = {
        "records": [
            {
                **json.loads(record_message(record)),
                "recorded_at": record.recorded_at.isoformat() if record.recorded_at else None,
            }
            for record in records
        ]
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def _sentence(record: PromotionRecord) -> str:
    parts = [
        f"#{record.seq} {printable(record.model)} {short_digest(str(record.digest))}",
        _HOW[record.kind].format(place=record.environment),
        f"on {record.recorded_at:%Y-%m-%d %H:%M} UTC" if record.recorded_at else "",
        f"by {printable(record.actor)}" if record.actor else "",
    ]
    origin = f"promoted from commit {record.commit[:8]}"
    origin += f" (pull request #{record.pull_request})" if record.pull_request else ""
    replaced = record.previous is not None and record.previous != record.digest
    tail = f", replacing {short_digest(str(record.previous))}" if replaced else ""
    return f"{' '.join(part for part in parts if part)}, {origin}{tail}{_acceptance(record)}."


def _acceptance(record: PromotionRecord) -> str:
    """Who accepted by hand what a gate refused."""
    found = record.override
    if found is None:
        return ""
    reason = printable(found.reason).rstrip(".")
    return f", accepted by hand by {printable(found.actor)} on pull request #{found.pull_request}: {reason}"
