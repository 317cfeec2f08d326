"""What merging does, in plain words: a sentence per model."""

from collections.abc import Iterable, Iterator

from mlops_kit.core.render.budget import Block, Rank
from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.gate_words import join_words
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.render.verdict import changes_nothing
from mlops_kit.core.review.report import BlockRow, ChangeRow, PlanRows, Report
from mlops_kit.core.types import Verb


def plan_blocks(report: Report) -> Iterator[Block]:
    """What is held back and why, what is not known, then what each model will be."""
    if report.plan is None:
        return
    rows = tuple(_lines(report.plan))
    if rows:
        yield _block(rows)
    elif not changes_nothing(report):
        line = f"Merging changes nothing in {prose(report.environment)}."
        yield Block(rank=Rank.PLAN, before=(line, ""), more="what merging does")


def _block(rows: tuple[str, ...]) -> Block:
    return Block(rank=Rank.PLAN, before=("#### What merging does", ""), rows=rows, after=("",), more="models")


def _lines(plan: PlanRows) -> Iterator[str]:
    yield from map(_held, plan.blocked)
    for found in plan.unknown:
        why = prose(found.reason, limit=MESSAGE_LIMIT)
        yield f"- ⚠️ {cell(found.model)} cannot be judged, so nothing of it is moved: {why}"
    for pair in dict.fromkeys((change.environment, change.model) for change in plan.changes):
        yield _moved([change for change in plan.changes if (change.environment, change.model) == pair])


def _held(found: BlockRow) -> str:
    hint = f" ({prose(found.hint, limit=MESSAGE_LIMIT)})" if found.hint else ""
    reason = prose(found.reason, limit=MESSAGE_LIMIT)
    return f"- ❌ {cell(found.model)} does not enter {prose(found.environment)}: {reason}{hint}"


def _moved(changes: list[ChangeRow]) -> str:
    """The sentence of one model in one environment."""
    by_verb = {change.verb: change for change in changes}
    model, environment = cell(changes[0].model), prose(changes[0].environment)
    record = by_verb.get(Verb.RECORD)
    if record is None:
        return f"- Merging leaves {model} in {environment} as it is, and mends it: {join_words(_mended(changes))}."
    now = f"it runs {_short(record.source)} now" if record.source else "nothing of it is live there yet"
    further = [words for verb, words in _FURTHER.items() if verb in by_verb]
    also = f" It {join_words(further)}." if further else ""
    return f"- Merging will make {model} {_short(record.target)} live in {environment} ({now}).{also}"


_FURTHER = {
    Verb.REGISTER: "is registered",
    Verb.SET_ALIAS: "gets the registry's alias",
    Verb.DEPLOY: "is deployed",
}
_MENDS = {
    Verb.REGISTER: "{} is registered",
    Verb.SET_ALIAS: "the registry's alias goes back to {}",
    Verb.DEPLOY: "{} is deployed again",
    Verb.ANNOUNCE: "{} is announced",
    Verb.RECORD: "{} is recorded",
}


def _mended(changes: Iterable[ChangeRow]) -> Iterator[str]:
    for change in changes:
        yield _MENDS[change.verb].format(_short(change.target))


def _short(text: str) -> str:
    return cell(show_digest(text).rpartition(":")[2])
