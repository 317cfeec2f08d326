"""The verdict in one sentence that a reviewer can act on; plain text, not yet escaped."""

from collections.abc import Iterator, Sequence

from mlops_kit.core.render.gate_words import join_words, short_name, tell_gate
from mlops_kit.core.render.values import count
from mlops_kit.core.review.changes import failed_stages
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.metrics import MetricRow, Trend
from mlops_kit.core.review.occasion import Override
from mlops_kit.core.review.report import BlockRow, Report
from mlops_kit.core.types import Answer

_REFUSING = frozenset({Answer.FAIL, Answer.NOT_EVALUABLE})
_DOUBTFUL = frozenset({Answer.INCONCLUSIVE, Answer.WARN})
_NO_SENSE = frozenset({Trend.NON_FINITE, Trend.UNREADABLE, Trend.TYPE_CHANGED})
_ALL = {0: "no gates are set", 1: "its gate passes", 2: "both gates pass"}
_TOLD = 2
"""Gates whose finding is told in the sentence; the others are counted."""
_REASON_LIMIT = 200
_LOCK = "what the runner reproduced is not what would be merged"
_OTHERWISE = "not all is measured in the same way as before"


def tell_verdict(report: Report, override: Override | None = None) -> str:
    """Whether the version is ready for the environment, and why; begins with a mark."""
    name = short_name(report.environment)
    if report.verdict is Verdict.FAIL and override is not None:
        return f"⚠️ Accepted for {name} by {short_name(override.actor)}, although {_refusal(report)}."
    if report.verdict is Verdict.FAIL:
        return f"❌ Not ready for {name}: {_refusal(report)}."
    if report.plan is not None and report.plan.blocked:
        return f"⚠️ Not ready for {name} yet: {_gates(report)}, but {_blocked(report.plan.blocked)}."
    if report.verdict is Verdict.WARN:
        return f"⚠️ Ready for {name}, but look first: {_doubt(report)}."
    if changes_nothing(report):
        return f"✅ Nothing changes for {name}: {_gates(report)}."
    return f"✅ Ready for {name}: {'; '.join([_gates(report), *_movement(report)])}."


def changes_nothing(report: Report) -> bool:
    """Whether base and head give the same results."""
    return not (
        any(row.trend is not Trend.SAME for row in report.metrics)
        or report.params
        or report.data
        or any(stage.change for stage in report.stages)
        or any(model.old != model.new for model in report.models)
        or any(plot.change for plot in report.plots)
    )


def is_first(report: Report) -> bool:
    """Whether base has no metric at all, so that there is nothing to compare with."""
    return bool(report.metrics) and all(row.old is None and row.trend is not Trend.UNREADABLE for row in report.metrics)


def notes_decide(report: Report) -> bool:
    """Whether no gate says why a version is worth a look, so that the notes may."""
    return report.verdict is Verdict.WARN and not any(gate.answer in _DOUBTFUL for gate in report.gates)


def _refusal(report: Report) -> str:
    if failed := failed_stages(report.stages):
        return f"{_failure(failed)}, so what is below is not what this change would give"
    told = [tell_gate(gate, report) for gate in report.gates if gate.answer in _REFUSING]
    return _first(told, "gates refuse it") or (_LOCK if report.lock_uncommitted else "the gates refuse it")


def _failure(names: Sequence[str]) -> str:
    if len(names) > 1:
        return f"stage {short_name(names[0])} and {len(names) - 1} more failed"
    return f"stage {short_name(names[0])} failed"


def _doubt(report: Report) -> str:
    told = [tell_gate(gate, report) for gate in report.gates if gate.answer in _DOUBTFUL]
    rest = f"but {_OTHERWISE}" if report.obstacles else "but the notes say what is in doubt"
    return _first(told, "gates are in doubt") or f"{_gates(report)}, {rest}"


def _first(told: Sequence[str], rest: str) -> str:
    """The first findings, and how many more there are."""
    shown = [_cut(text) for text in told[:_TOLD]]
    more = len(told) - len(shown)
    return "; ".join([*shown, *([f"{more} more {rest}"] if more else [])])


def _cut(text: str) -> str:
    return text if len(text) <= _REASON_LIMIT else f"{text[: _REASON_LIMIT - 1]}…"


def _gates(report: Report) -> str:
    return _ALL.get(len(report.gates), f"all {len(report.gates)} gates pass")


def _blocked(blocked: Sequence[BlockRow]) -> str:
    first = f"{short_name(blocked[0].model)} is held back: {_cut(blocked[0].reason)}"
    return f"{first}; {len(blocked) - 1} more are, too" if blocked[1:] else first


def _movement(report: Report) -> Iterator[str]:
    """How the metrics moved, and what to think of it."""
    if is_first(report):
        yield "these are the first results, with nothing to compare them with"
    elif report.metrics:
        yield _moved(report.metrics)
    if report.obstacles:
        yield f"but {_OTHERWISE}"


def _moved(rows: Sequence[MetricRow]) -> str:
    better = [row for row in rows if row.trend is Trend.BETTER]
    worse = [row for row in rows if row.trend is Trend.WORSE]
    senseless = [row for row in rows if row.trend in _NO_SENSE]
    changed = [row for row in rows if row.trend is not Trend.SAME]
    told = [
        f"{_subject(found)} {words}"
        for found, words in ((better, "better"), (worse, "worse"), (senseless, "not comparable"))
        if found
    ]
    if told:
        return ", ".join(told)
    return f"{count(changed, 'metric')} changed" if changed else "no metric changed"


def _subject(rows: Sequence[MetricRow]) -> str:
    if len(rows) > 2:
        return f"{len(rows)} metrics are"
    return f"{join_words(short_name(row.key or row.path) for row in rows)} {'is' if len(rows) == 1 else 'are'}"
