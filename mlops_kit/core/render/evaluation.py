"""What one evaluation came to, as text for a terminal, and as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping

from mlops_kit.core.render.escape import MESSAGE_LIMIT, clean
from mlops_kit.core.render.evaluation_words import score_texts
from mlops_kit.core.render.text import align
from mlops_kit.core.render.values import show_digest
from mlops_kit.core.review.evaluation import EVALUATION, Evaluation

_HEAD = ("metric", "live", "candidate", "change", "95 % interval", "rows")


def render_evaluations(evaluations: Iterable[Evaluation], *, skipped: Mapping[str, str]) -> str:
    """A part for each model, without a line end after the last."""
    made = ("\n".join(_lines(found)) for found in evaluations)
    left = (f"{clean(name)}: not scored, {clean(why, limit=MESSAGE_LIMIT)}" for name, why in skipped.items())
    return "\n\n".join([*made, *left]) or "nothing to evaluate: mlops.yaml names no model under evaluate:"


def evaluations_json(environment: str, evaluations: Iterable[Evaluation], *, skipped: Mapping[str, str]) -> str:
    """Strict JSON with sorted keys."""
    document = {
        "environment": environment,
        "evaluations": [EVALUATION.dump_python(found, mode="json") for found in evaluations],
        "skipped": [{"model": name, "reason": why} for name, why in skipped.items()],
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _lines(evaluation: Evaluation) -> Iterator[str]:
    live, candidate = show_digest(evaluation.live), show_digest(evaluation.candidate)
    yield clean(f"{evaluation.model} in {evaluation.environment}: live {live}, candidate {candidate}")
    rows = ((row.key, *score_texts(row)) for row in evaluation.scores)
    yield from (f"  {line}" for line in align([_HEAD, *rows]))
    yield from (f"  {clean(note, limit=MESSAGE_LIMIT)}" for note in evaluation.notes)
