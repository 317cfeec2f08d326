"""Which evaluations of a stranger's report a judge takes: those of the versions that it knows itself.

What they scored is the pull request's word, as head's metrics are; of which bytes they are is not. Values only.
"""

from dataclasses import dataclass

from mlops_kit.core.config import Config
from mlops_kit.core.review.cells import clip
from mlops_kit.core.review.evaluation import Evaluation, why_not_of
from mlops_kit.core.review.live import LiveMetrics
from mlops_kit.core.review.report import Report
from mlops_kit.core.types import EnvironmentName, ModelName


@dataclass(frozen=True, kw_only=True)
class Believed:
    """The evaluations that count, and why others do not."""

    evaluations: tuple[Evaluation, ...] = ()
    notes: tuple[str, ...] = ()


def believe_evaluations(report: Report, config: Config, name: EnvironmentName, live: LiveMetrics) -> Believed:
    """Those that the policy asks for, of what is live by the log and of head's model; of each model the first."""
    candidates = {row.name: row.new for row in report.models}
    kept: dict[str, Evaluation] = {}
    notes = []
    for found in report.evaluations:
        wrong = _why_not(found, config, name, live, candidates.get(found.model, ""))
        if not wrong and found.model not in kept:
            kept[found.model] = found
        else:
            notes.append(clip(f"the evaluation of {found.model} is not used: {wrong or 'there is another one'}"))
    return Believed(evaluations=tuple(kept.values()), notes=tuple(notes))


def _why_not(found: Evaluation, config: Config, name: EnvironmentName, live: LiveMetrics, candidate: str) -> str:
    if found.model not in config.evaluate:
        return "the policy does not ask for it"
    digest = live.digests.get(ModelName(found.model))
    if digest is None:
        return "what is live could not be read" if live.error else f"nothing is live in {name} yet"
    return why_not_of(found, environment=name, live=digest, candidate=candidate)
