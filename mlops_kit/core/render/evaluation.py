"""The live model and the candidate on the same data, as text for a terminal, and as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping

from mlops_kit.core.render.escape import MESSAGE_LIMIT, clean
from mlops_kit.core.render.text import align
from mlops_kit.core.render.values import show_digest, show_value
from mlops_kit.core.review.evaluation import EVALUATION, Evaluation, ScoreRow
from mlops_kit.core.review.metrics import exact, show_number, show_span


def render_evaluations(evaluations: Iterable[Evaluation], *, skipped: Mapping[str, str]) -> str:
    """A part for each model, without a line end after the last."""
    parts = [*map(_render, evaluations), *(f"{clean(name)}: not scored, {clean(why)}" for name, why in skipped.items())]
    return "\n\n".join(parts) or "nothing to evaluate: mlops.yaml names no model under evaluate:"


def evaluations_json(environment: str, evaluations: Iterable[Evaluation], *, skipped: Mapping[str, str]) -> str:
    """Strict JSON with sorted keys."""
    document = {
        "environment": environment,
        "evaluations": [EVALUATION.dump_python(found, mode="json") for found in evaluations],
        "skipped": [{"model": name, "reason": why} for name, why in skipped.items()],
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def show_change(row: ScoreRow) -> str:
    """Candidate minus live with its sign; empty where that is no number."""
    if row.difference is None:
        return ""
    text = show_number(exact(row.difference))
    return f"+{text}" if row.difference > 0 else text


def show_interval(row: ScoreRow) -> str:
    """`-0.012 to +0.034`, or an empty text."""
    return "" if row.low is None or row.high is None else show_span(row.low, row.high)


def _render(evaluation: Evaluation) -> str:
    return "\n".join(_lines(evaluation))


def _lines(evaluation: Evaluation) -> Iterator[str]:
    live, candidate = show_digest(evaluation.live), show_digest(evaluation.candidate)
    yield clean(f"{evaluation.model} in {evaluation.environment}: live {live}, candidate {candidate}")
    head = ("metric", "live", "candidate", "change", "95 % interval", "rows")
    yield from (f"  {line}" for line in align([head, *map(_row, evaluation.scores)]))
    yield from (f"  {clean(note, limit=MESSAGE_LIMIT)}" for note in evaluation.notes)


def _row(row: ScoreRow) -> tuple[str, ...]:
    live, candidate = (clean(show_value(value), limit=60) for value in (row.live, row.candidate))
    return row.key, live, candidate, show_change(row), show_interval(row), f"{row.rows:,}" if row.rows else ""
