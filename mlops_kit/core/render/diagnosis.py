"""The doctor's findings as text for a terminal, as markdown to paste, and as JSON."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import groupby

from mlops_kit.core.doctor.finding import Condition, Diagnosis, Finding
from mlops_kit.core.render.promotion_words import printable, render_markdown_table

_SIGNS = {Condition.FAIL: "✗", Condition.UNKNOWN: "?", Condition.WARN: "!", Condition.OK: "✓"}
_TITLES = {
    Condition.FAIL: "wrong",
    Condition.UNKNOWN: "could not be found out",
    Condition.WARN: "worth a look",
    Condition.OK: "in order",
}
Hide = Callable[[str], str]


def render_diagnosis(diagnosis: Diagnosis, hide: Hide) -> str:
    """Worst first, grouped, a line each and the fix below it; `hide` replaces secrets."""
    lines = [line for condition, found in _grouped(diagnosis) for line in _group(condition, found)]
    return hide("\n".join([*lines, "", _conclusion(diagnosis)]))


def render_diagnosis_markdown(diagnosis: Diagnosis, hide: Hide) -> str:
    """A table to paste into an issue."""
    rows = [
        (f"{_SIGNS[one.condition]} {one.condition}", one.part, one.check, one.message, one.fix)
        for one in diagnosis.findings
    ]
    table = render_markdown_table(("", "about", "check", "found", "fix"), rows)
    return hide("\n".join([*table, "", _conclusion(diagnosis)]))


def diagnosis_json(diagnosis: Diagnosis, hide: Hide) -> str:
    """The document of `schemas/doctor.schema.json`."""
    return hide(json.dumps(asdict(diagnosis), allow_nan=False, ensure_ascii=False, indent=2, sort_keys=True))


def _grouped(diagnosis: Diagnosis) -> Iterator[tuple[Condition, list[Finding]]]:
    for condition, found in groupby(diagnosis.findings, key=lambda one: one.condition):
        yield condition, list(found)


def _group(condition: Condition, found: list[Finding]) -> Iterator[str]:
    yield f"{_TITLES[condition]}:"
    for one in found:
        yield f"  {_SIGNS[condition]} {one.part}, {printable(one.check)}: {printable(one.message)}"
        if one.fix:
            yield f"      {printable(one.fix)}"


def _conclusion(diagnosis: Diagnosis) -> str:
    """One sentence."""
    counts = {condition: len(found) for condition, found in _grouped(diagnosis)}
    failed, warned = counts.get(Condition.FAIL, 0), counts.get(Condition.WARN, 0)
    unknown = f", {counts[Condition.UNKNOWN]} could not be found out" if Condition.UNKNOWN in counts else ""
    if failed:
        return f"{failed} of {len(diagnosis.findings)} must be mended, {warned} are worth a look{unknown}"
    return f"nothing must be mended, {warned} of {len(diagnosis.findings)} are worth a look{unknown}"
