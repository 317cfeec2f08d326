"""What a reconcile came to, as text and as a JSON document."""

import json
from collections.abc import Iterable, Iterator

from mlops_kit.core.promotion.outcome import Failure, Outcome, worst_code
from mlops_kit.core.render.promotion_plan import (
    IN_SYNC,
    blocked_document,
    blocked_lines,
    change_document,
    change_lines,
    remark_document,
    remark_line,
    unknown_document,
    unknown_line,
)
from mlops_kit.core.render.promotion_words import printable


def render_outcomes(outcomes: Iterable[Outcome]) -> str:
    """What went wrong and what was held back first, then what is pending, then what was done."""
    found = tuple(outcomes)
    lines = [line for outcome in found for line in _trouble_lines(outcome)]
    lines += _titled("not done:", change_lines(change for outcome in found for change in outcome.pending))
    lines += _titled("done:", change_lines(change for outcome in found for change in outcome.done))
    lines += [remark_line(remark) for outcome in found for remark in outcome.remarks]
    settled = all(not outcome.done and outcome.code == 0 for outcome in found)
    return "\n".join([*lines, IN_SYNC] if settled else lines)


def outcomes_json(outcomes: Iterable[Outcome]) -> str:
    """`changes[]` (done), `pending[]`, `blocked[]`, `unknown[]`, `failures[]`, `notes[]` and the exit `code`."""
    found = tuple(outcomes)
    document = {
        "changes": [change_document(change) for outcome in found for change in outcome.done],
        "pending": [change_document(change) for outcome in found for change in outcome.pending],
        "blocked": [blocked_document(item) for outcome in found for item in outcome.blocked],
        "unknown": [unknown_document(item) for outcome in found for item in outcome.unknown],
        "failures": [_failure_document(failure) for outcome in found for failure in outcome.failures],
        "notes": [remark_document(remark) for outcome in found for remark in outcome.remarks],
        "code": int(worst_code(outcome.code for outcome in found)),
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def _trouble_lines(outcome: Outcome) -> Iterator[str]:
    for failure in outcome.failures:
        yield f"failed: {_place(failure.environment, failure.model)}: {printable(str(failure.problem))}"
        if failure.problem.hint:
            yield f"  hint: {printable(failure.problem.hint)}"
    for blocked in outcome.blocked:
        yield from blocked_lines(blocked)
    yield from map(unknown_line, outcome.unknown)


def _titled(title: str, lines: list[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines)] if lines else []


def _place(environment: str, model: str) -> str:
    return f"{environment} {printable(model)}" if model else environment


def _failure_document(failure: Failure) -> dict[str, str | int]:
    return {
        "environment": failure.environment,
        "model": failure.model,
        "message": str(failure.problem),
        "hint": failure.problem.hint,
        "code": int(failure.code),
    }
