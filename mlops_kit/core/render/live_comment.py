"""The comment that says where the versions of a pull request are live now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from mlops_kit.core.render.escape import cell, link
from mlops_kit.core.render.promotion_words import short_digest
from mlops_kit.core.types import PromotionRecord

NOWHERE = "No version of this pull request is live in any environment now."
_HEADER = "| environment | model | version | bytes | since |\n|---|---|---|---|---|"


@dataclass(frozen=True, kw_only=True)
class LiveRow:
    """A version in an environment: its record, its number in the registry (empty: none), a page about it."""

    record: PromotionRecord
    number: str = ""
    address: str = ""


def render_live(rows: Iterable[LiveRow]) -> str:
    """The comment without its marker, a line for each environment and model; every name is shown as it is."""
    lines = [_line(row) for row in rows]
    if not lines:
        return f"### Live now\n\n{NOWHERE}\n"
    return "\n".join(["### Live now", "", _HEADER, *lines, ""])


def _line(row: LiveRow) -> str:
    record = row.record
    environment = cell(record.environment)
    cells = (
        link(environment, row.address) if row.address else environment,
        cell(record.model),
        cell(row.number) or "-",
        cell(short_digest(str(record.digest))),
        f"{_moment(record)}#{record.seq}",
    )
    return f"| {' | '.join(cells)} |"


def _moment(record: PromotionRecord) -> str:
    return f"{record.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, " if record.recorded_at else ""
