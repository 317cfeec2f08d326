"""Check runs of GitHub as requests and answers: what is sent for a check, and which of a commit's is the kit's own.

A check carries in its `external_id` what it says, as a hash, and how many requests of annotations arrived, so that the
same check is not sent again and one that was cut short goes on where it stopped. How requests travel is transport.py's
matter.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_kit.core.forge import CheckAnnotation, CheckRun, CheckState
from mlops_kit.core.review.event import Field

ANNOTATIONS_PER_REQUEST = 50
SUMMARY_LIMIT = 65_535
TITLE_LIMIT = 255
MESSAGE_LIMIT = 8_000
ID_LIMIT = 2**63

_STAMP = re.compile(r"mlops-kit:(?P<digest>[0-9a-f]{64}):(?P<sent>\d{1,4})")


@dataclass(frozen=True, kw_only=True)
class Known:
    """A check run of the kit's that is there: whether it is over, what it says, how many requests of it arrived."""

    id: int
    is_over: bool
    digest: str
    sent: int


def batches(check: CheckRun) -> tuple[tuple[CheckAnnotation, ...], ...]:
    """The annotations by request; one request, perhaps without any, at least."""
    found = check.annotations
    starts = range(0, len(found), ANNOTATIONS_PER_REQUEST)
    return tuple(found[start : start + ANNOTATIONS_PER_REQUEST] for start in starts) or ((),)


def digest(check: CheckRun) -> str:
    """A hash of all that a check says."""
    return hashlib.sha256(repr(check).encode()).hexdigest()


def body(check: CheckRun, position: int, annotations: tuple[CheckAnnotation, ...]) -> Mapping[str, object]:
    """The body of one request for a check, the position counted from 0."""
    is_over = check.state is not CheckState.IN_PROGRESS
    return {
        "name": check.name,
        "external_id": f"mlops-kit:{digest(check)}:{position + 1}",
        "status": "completed" if is_over else "in_progress",
        **({"conclusion": check.state.value} if is_over else {}),
        **({"details_url": check.link} if check.link else {}),
        "output": {
            "title": check.title[:TITLE_LIMIT],
            "summary": check.summary[:SUMMARY_LIMIT],
            "annotations": [_annotation(found) for found in annotations],
        },
    }


def read_known(document: Field) -> Known | None:
    """The newest check run of the kit's that an answer lists, None where there is none."""
    found = [known for entry in document.at("check_runs").entries() if (known := _known(entry))]
    return max(found, key=lambda known: known.id, default=None)


def read_id(document: Field) -> int:
    """The id of the check run that an answer describes."""
    return document.at("id").positive_number(limit=ID_LIMIT)


def _known(entry: Field) -> Known | None:
    stamp = entry.at("external_id").value
    found = _STAMP.fullmatch(stamp) if isinstance(stamp, str) else None
    if found is None:
        return None
    return Known(
        id=read_id(entry),
        is_over=entry.at("status").text() == "completed",
        digest=found["digest"],
        sent=int(found["sent"]),
    )


def _annotation(found: CheckAnnotation) -> Mapping[str, object]:
    return {
        "path": found.path,
        "start_line": found.line,
        "end_line": found.line,
        "annotation_level": found.level.value,
        "title": found.title[:TITLE_LIMIT],
        "message": found.message[:MESSAGE_LIMIT],
    }
