"""What `rollback` came to, as text and as a JSON document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mlops_kit.core.promotion.going_back import Way
from mlops_kit.core.render.promotion_words import printable
from mlops_kit.core.render.rollback import AGAIN, QUIET, hold_line, way_lines
from mlops_kit.core.types import CommitSha, EnvironmentName, Note


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A way back as it is told. `commit` is empty where the branch `base` asks for these versions already.

    `number` and `url` are the pull request's, `commands` what to run where there is none. `is_quiet` says that no
    workflow starts for it.
    """

    environment: EnvironmentName
    base: str
    branch: str
    ways: tuple[Way, ...]
    commit: CommitSha | None = None
    number: int | None = None
    url: str = ""
    commands: tuple[str, ...] = ()
    holds: tuple[Note, ...] = ()
    is_quiet: bool = False


def render_rollback(proposal: Proposal) -> str:
    """What goes back, by which pull request or commands, and what to know."""
    return "\n".join(_lines(proposal))


def rollback_json(proposal: Proposal) -> str:
    """`models[] {model, from, to}`, `branch`, `commit`, `pull_request`, `url`, `commands[]` and `notes[]`."""
    document = {
        "environment": proposal.environment,
        "base": proposal.base,
        "branch": proposal.branch,
        "commit": proposal.commit,
        "models": [
            {
                "model": way.model,
                "from": {"seq": way.live.seq, "digest": str(way.live.digest)},
                "to": {"seq": way.target.seq, "digest": str(way.digest)},
            }
            for way in proposal.ways
        ],
        "pull_request": proposal.number,
        "url": proposal.url,
        "commands": list(proposal.commands),
        "notes": list(_notes(proposal)),
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def _lines(proposal: Proposal) -> Iterator[str]:
    place = proposal.environment
    if proposal.commit is None:
        yield f"{printable(proposal.base)} asks for this already: mlops-kit reconcile {place}"
        yield from way_lines(proposal.ways)
        return
    if proposal.number is not None:
        yield f"pull request {proposal.number} brings {place} back: {printable(proposal.url)}".rstrip(": ")
    else:
        yield f"commit {proposal.commit[:12]} brings {place} back:"
    yield from way_lines(proposal.ways)
    if proposal.commands:
        yield f"push it, then open a pull request into {printable(proposal.base)}:"
        yield from (f"  {command}" for command in proposal.commands)
    yield from (f"note: {note}" for note in _notes(proposal))


def _notes(proposal: Proposal) -> Iterator[str]:
    if proposal.commit is None:
        return
    yield from map(hold_line, proposal.holds)
    yield AGAIN
    if proposal.is_quiet:
        yield QUIET
