"""The texts of a rollback: its commit, its pull request, and what the command line says of it."""

from collections.abc import Iterable, Iterator, Sequence

from mlops_kit.core.promotion.going_back import Way
from mlops_kit.core.render.escape import cell, clean
from mlops_kit.core.render.promotion_words import printable, render_markdown_table, short_digest
from mlops_kit.core.types import EnvironmentName, Note, PromotionRecord

TITLE_LIMIT = 200
MERGING = (
    "Merging this is the rollback: the same bytes are promoted again as a new entry of the log. Nothing is trained, no "
    "gate is asked and nothing has to soak, because the version has passed here; the smoke test runs."
)
AGAIN = (
    "Merging the replaced version again later does nothing by itself, because git has its commits already: "
    "revert the merge of this pull request instead."
)
QUIET = (
    "It was opened with a workflow's own token, and GitHub starts no workflow for such a pull request: required checks "
    "never report. Close and reopen it, or let a GitHub App's token open it (MLOPS_KIT_TOKEN)."
)


def pull_request_title(environment: EnvironmentName, ways: Sequence[Way]) -> str:
    """`Roll churn in production back to md5:1a2b3c4d (#3)`."""
    return clean(f"Roll {_phrase(ways)} in {environment} back", limit=TITLE_LIMIT)


def commit_message(environment: EnvironmentName, ways: Sequence[Way], *, actor: str) -> str:
    """The title, what ran and what comes back, and who asked."""
    lines = [f"{way.model}: {_version(way.live)} -> {_version(way.target)}" for way in ways]
    asked = [f"Asked for by {clean(actor)}."] if actor else []
    return "\n".join([pull_request_title(environment, ways), "", *map(printable, lines), "", *asked, ""])


def pull_request_body(environment: EnvironmentName, ways: Sequence[Way], *, actor: str, is_quiet: bool) -> str:
    """What ran, what comes back, who asked, what merging does, and what it takes to go forward again."""
    rows = [(way.model, _version(way.live), _version(way.target), way.target.commit[:12]) for way in ways]
    lines = [
        f"Brings back to {cell(environment)} what ran there before" + (f", as {cell(actor)} asked." if actor else "."),
        "",
        *render_markdown_table(("model", "runs now", "comes back", "made by commit"), rows),
        "",
        MERGING,
        "",
        AGAIN,
    ]
    return "\n".join([*lines, *(["", f"> {QUIET}"] if is_quiet else []), ""])


def way_lines(ways: Iterable[Way]) -> Iterator[str]:
    """A line for each model: what runs, and what comes back."""
    for way in ways:
        yield f"  {printable(way.model)}: {_version(way.live)} -> {_version(way.target)}"


def hold_line(note: Note) -> str:
    """Why merging will change nothing yet."""
    why = f": {printable(note.reason)}" if note.reason else ""
    by = f" by {printable(note.actor)}" if note.actor else ""
    return f"{printable(note.model)} is held in {note.environment}{by}{why}; merging moves nothing until it is released"


def _phrase(ways: Sequence[Way]) -> str:
    if len(ways) == 1:
        return f"{ways[0].model} from {_version(ways[0].live)} to {_version(ways[0].target)}"
    return ", ".join(way.model for way in ways)


def _version(record: PromotionRecord) -> str:
    return f"{short_digest(str(record.digest))} (#{record.seq})"
