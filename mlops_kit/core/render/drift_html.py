"""The drift report as one HTML page: nothing is loaded from elsewhere and nothing runs."""

from collections.abc import Iterator
from itertools import pairwise

from mlops_kit.core.drift.report import ColumnRow, DriftAnswer, DriftReport, Histogram
from mlops_kit.core.render.drift_words import (
    MARKS,
    count_answers,
    deciding_check,
    show_chance,
    show_effect,
    tell_left_out,
    tell_sides,
    tell_verdict,
)
from mlops_kit.core.render.escape import clean, drawn

WIDTH, HEIGHT = 420, 120
"""Pixels of a drawing."""
_SHOWN = 300
"""Columns on the page, worst first."""
_LABEL = 14


def render_drift_html(report: DriftReport, template: str) -> str:
    """The page by a jinja template that frames it; the same report gives the same text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, auto_reload=False, trim_blocks=True)
    page = environment.from_string(template).render(
        title=clean(tell_verdict(report), limit=400),
        verdict=report.verdict.value,
        sides=clean(tell_sides(report), limit=800),
        answers=count_answers(report.columns),
        violations=[clean(str(one), limit=1000) for one in report.violations[:_SHOWN]],
        notes=[clean(note, limit=400) for note in report.notes],
        columns=[_column(row) for row in report.columns[:_SHOWN]],
        left_out=tell_left_out(_SHOWN, report.columns),
    )
    return page.strip() + "\n"


def _column(row: ColumnRow) -> dict[str, object]:
    check = deciding_check(row)
    return {
        "name": clean(row.name),
        "kind": row.kind.value,
        "answer": row.answer.value,
        "mark": MARKS[row.answer],
        "important": row.important,
        "message": clean(row.message, limit=400),
        "effect": show_effect(check),
        "chance": show_chance(check),
        "open": row.answer in (DriftAnswer.FAIL, DriftAnswer.WARN),
        "sides": [("before", row.reference), ("now", row.current)],
        "index": "" if row.stability_index is None else f"{row.stability_index:.3f}",
        "bins": list(_bins(row.histogram)) if row.histogram else [],
        "bars": list(_bars(row.histogram)) if row.histogram else [],
        "width": WIDTH,
        "height": HEIGHT,
    }


def _bins(histogram: Histogram) -> Iterator[tuple[str, str, str]]:
    """The drawing's twin as rows of a table: the bin and both shares."""
    edges = histogram.edges
    names = histogram.values or tuple(f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges))
    for name, old, new in zip(names, histogram.reference, histogram.current, strict=False):
        yield drawn(name, limit=60), f"{100 * old:.1f} %", f"{100 * new:.1f} %"


def _bars(histogram: Histogram) -> Iterator[dict[str, object]]:
    """Both sides over one another: the reference as a filled bar, the current one as a frame in front of it."""
    bins = len(histogram.reference)
    highest = max((*histogram.reference, *histogram.current, 1e-9))
    step = WIDTH / max(1, bins)
    for side, shares in (("before", histogram.reference), ("now", histogram.current)):
        for number, share in enumerate(shares):
            tall = (HEIGHT - _LABEL) * share / highest
            yield {
                "side": side,
                "x": round(number * step + 1, 1),
                "y": round(HEIGHT - tall, 1),
                "width": round(max(1.0, step - 2), 1),
                "height": round(tall, 1),
            }
