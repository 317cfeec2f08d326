"""A plan as text for the terminal, as markdown for a pull request, and as a JSON document."""

import json
from collections.abc import Iterable

from mlops_kit.core.render.escape import MESSAGE_LIMIT, cell, prose
from mlops_kit.core.render.promotion_words import printable, render_markdown_table, render_table, short_digest
from mlops_kit.core.types import Blocked, Change, Plan, Remark, Unreadable

_HEADER = ("environment", "model", "change", "from", "to")
IN_SYNC = "nothing to do: what runs is what the branches say"


def render_plan(plan: Plan) -> str:
    """The changes as a table, then what is blocked or unknown, each with its reason."""
    lines = change_lines(plan.changes)
    lines += [line for item in plan.blocked for line in blocked_lines(item)]
    lines += [unknown_line(item) for item in plan.unknown]
    return "\n".join([*(lines or [IN_SYNC]), *map(remark_line, plan.remarks)])


def change_lines(changes: Iterable[Change]) -> list[str]:
    """A table with a line per change; no line for no change."""
    rows = [_row(change) for change in changes]
    return render_table(_HEADER, rows) if rows else []


def blocked_lines(blocked: Blocked) -> list[str]:
    """`blocked: ENVIRONMENT MODEL: reason`, and the hint below where there is one."""
    lines = [f"blocked: {blocked.environment} {printable(blocked.model)}: {printable(blocked.reason)}"]
    return [*lines, f"  hint: {printable(blocked.hint)}"] if blocked.hint else lines


def unknown_line(unknown: Unreadable) -> str:
    """`unknown: ENVIRONMENT MODEL: reason`."""
    return f"unknown: {unknown.environment} {printable(unknown.model)}: {printable(unknown.reason)}; nothing is moved"


def remark_line(remark: Remark) -> str:
    """`note: ENVIRONMENT MODEL: message`."""
    place = f"{remark.environment} {printable(remark.model)}" if remark.model else remark.environment
    return f"note: {place}: {printable(remark.message)}"


def render_plan_markdown(plan: Plan) -> str:
    """The plan for a pull request or a job summary."""
    notes = [f"- {prose(remark_line(remark), limit=MESSAGE_LIMIT)}" for remark in plan.remarks]
    if not (plan.changes or plan.blocked or plan.unknown):
        return "\n".join([IN_SYNC, *(["", *notes] if notes else []), ""])
    held = [(item, "blocked") for item in plan.blocked] + [(item, "unknown") for item in plan.unknown]
    lines = [
        f"- **{word}** {cell(item.environment)} {cell(item.model)}: {prose(item.reason, limit=MESSAGE_LIMIT)}"
        for item, word in held
    ]
    if plan.changes:
        lines += ["", *render_markdown_table(_HEADER, map(_row, plan.changes))]
    lines += ["", *notes] if notes else []
    return "\n".join([*lines, ""]).lstrip("\n")


def plan_json(plan: Plan) -> str:
    """`changes[] {environment, model, verb, from, to}`, `blocked[]` and `unknown[] {environment, model, reason}`.

    And `notes[]`, as in the outcome of a reconcile.
    """
    document = {
        "changes": [change_document(change) for change in plan.changes],
        "blocked": [blocked_document(item) for item in plan.blocked],
        "unknown": [unknown_document(item) for item in plan.unknown],
        "notes": [remark_document(remark) for remark in plan.remarks],
    }
    return json.dumps(document, allow_nan=False, indent=2, sort_keys=True)


def change_document(change: Change) -> dict[str, str]:
    """One change as JSON's values."""
    return {
        "environment": change.environment,
        "model": change.model,
        "verb": change.verb,
        "from": change.source,
        "to": change.target,
    }


def blocked_document(blocked: Blocked) -> dict[str, str]:
    """One blocked promotion as JSON's values."""
    return {
        "environment": blocked.environment,
        "model": blocked.model,
        "reason": blocked.reason,
        "hint": blocked.hint,
    }


def unknown_document(unknown: Unreadable) -> dict[str, str]:
    """One failed reading as JSON's values."""
    return {"environment": unknown.environment, "model": unknown.model, "reason": unknown.reason}


def remark_document(remark: Remark) -> dict[str, str | bool]:
    """One remark as JSON's values."""
    return {
        "environment": remark.environment,
        "model": remark.model,
        "message": remark.message,
        "differs": remark.differs,
    }


def _row(change: Change) -> tuple[str, ...]:
    return change.environment, change.model, change.verb, short_digest(change.source), short_digest(change.target)
