"""Reasons of a forecast as plain lines, the same for a terminal and for markdown; who prints them escapes them."""

import json
from collections.abc import Iterable
from difflib import unified_diff

from mlops_kit.core.inspection import Scalar
from mlops_kit.core.pipeline.forecast import Cause, Fate, Reason
from mlops_kit.core.render.escape import clean
from mlops_kit.core.render.values import show_digest

WORDS = {
    Fate.RUN: "run",
    Fate.MAY_RUN: "may run",
    Fate.RESTORE: "restore",
    Fate.NOTE: "note",
    Fate.ABSENT: "absent",
    Fate.KEEP: "keep",
}
_NOTHING = "none"
_PLAIN = {
    Cause.NEVER_RAN: "never ran: dvc.lock has no entry",
    Cause.FORCED: "asked for with --force",
    Cause.ALWAYS: "runs every time",
    Cause.FROZEN: "frozen: its inputs are not looked at",
}
_VALUE_LIMIT = 60
_HEAD_LINES = 2


def describe_reasons(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Each reason as a line; a changed command with a line for each line that differs; stages upstream in one line."""
    known = tuple(reasons)
    lines = [line for reason in known if reason.cause is not Cause.UPSTREAM for line in _describe(reason)]
    upstream = [reason.subject for reason in known if reason.cause is Cause.UPSTREAM]
    return (*lines, f"if its input changes: {', '.join(upstream)}") if upstream else tuple(lines)


def show_both(old: Scalar, new: Scalar) -> tuple[str, str]:
    """Two values in full digits; as JSON where only one is a text, for `1` and `"1"` look the same."""
    if old is None or new is None or isinstance(old, str) == isinstance(new, str):
        return _show(old), _show(new)
    return _quote(old), _quote(new)


def show_duration(seconds: float) -> str:
    """`4.2 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def _describe(reason: Reason) -> tuple[str, ...]:
    match reason.cause:
        case Cause.COMMAND:
            return _command_difference(reason)
        case Cause.DEPENDENCY | Cause.OUTPUT:
            return (f"{reason.cause} {reason.subject}: {_digest(reason.old)} -> {_digest(reason.new)}",)
        case Cause.PARAM:
            note = f" ({reason.note})" if reason.note else ""
            return (f"param {reason.subject}:{reason.key}: {' -> '.join(show_both(reason.old, reason.new))}{note}",)
        case Cause.MISSING:
            note = f" ({reason.note})" if reason.note else ""
            return (f"missing {reason.subject}{note}",)
        case Cause.UNSEEN:
            return (f"if {reason.subject} changed: it lies elsewhere and was not looked at",)
        case _:
            return (_PLAIN[reason.cause],)


def _command_difference(reason: Reason) -> tuple[str, ...]:
    if not isinstance(reason.old, str) or not isinstance(reason.new, str):
        return ("its definition changed",)
    lines = list(unified_diff(reason.old.splitlines(), reason.new.splitlines(), lineterm="", n=0))[_HEAD_LINES:]
    shown = [f"{line[0]} {line[1:]}" for line in lines if not line.startswith("@@")]
    return ("command:", *shown) if shown else ("command: written as a list or a text, otherwise the same",)


def _show(value: Scalar) -> str:
    if value is None:
        return _NOTHING
    return clean(value, limit=_VALUE_LIMIT) if isinstance(value, str) else _quote(value)


def _quote(value: Scalar) -> str:
    return clean(json.dumps(value, ensure_ascii=False), limit=_VALUE_LIMIT)


def _digest(value: Scalar) -> str:
    return show_digest(str(value or ""), missing=_NOTHING)
