"""Judges somebody else's report: is it of this pull request, and what do the gates say by our own policy.

The report's numbers are taken as it gives them, its answers and its verdict are not. Values only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mlops_kit.core.config import Baseline, Config
from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.pipeline.values import Value
from mlops_kit.core.review.changes import failed_stages
from mlops_kit.core.review.gates import GateInputs, Verdict, evaluate_gates, judge_answers
from mlops_kit.core.review.metrics import MetricFile, MetricRow, Trend
from mlops_kit.core.review.report import Report, gate_rows
from mlops_kit.core.types import Answer, EnvironmentName, GateAnswer


@dataclass(frozen=True, kw_only=True)
class LiveMetrics:
    """The metrics of what an environment runs; `files` is None where nothing is live, `error` why they are unknown."""

    files: tuple[MetricFile, ...] | None = None
    error: str = ""


def check_origin(report: Report, pull_request: PullRequest | MergeGroup, *, file: str) -> None:
    """IntegrityError where the report is of another commit than the pull request's head."""
    if report.head.commit != pull_request.head:
        raise IntegrityError(
            f"the report is of commit {report.head.commit[:40]!r}, the pull request's head is {pull_request.head}",
            location=Location(file=file),
            field="head.commit",
            hint="post the report of this run's head; a newer push makes a newer report",
        )


def target_environment(config: Config, base_branch: str) -> EnvironmentName:
    """The environment that a merge leads to: the one that follows the base branch, else the first."""
    for name, environment in config.environments.items():
        if environment.branch == base_branch:
            return name
    return next(name for name, environment in config.environments.items() if environment.after is None)


def needs_live(config: Config, name: EnvironmentName) -> bool:
    """Whether any gate of an environment compares with what it runs."""
    return any(gate.against is Baseline.LIVE for gate in config.environments[name].gates)


def judge_report(report: Report, config: Config, name: EnvironmentName, *, live: LiveMetrics) -> Report:
    """The report with the gates' answers and the verdict by this policy."""
    inputs = GateInputs(
        head=tuple(_files(report.metrics, "new")),
        base=tuple(_files(report.metrics, "old")),
        live=live.files,
        live_error=live.error,
    )
    answers = evaluate_gates(name, config.environments[name], config, inputs)
    return replace(
        report,
        environment=name,
        gates=gate_rows(answers),
        verdict=_verdict(answers, report),
    )


def _verdict(answers: tuple[GateAnswer, ...], report: Report) -> Verdict:
    """Ours; where all is well for us but not for the report's author, that is worth a look."""
    ours = Verdict.FAIL if failed_stages(report.stages) else judge_answers(answers)
    return Verdict.WARN if ours is Verdict.PASS and report.verdict is not Verdict.PASS else ours


def _files(rows: Iterable[MetricRow], side: str) -> Iterator[MetricFile]:
    """The metric files of one side; a file of which the report could not read a value is unreadable."""
    known: dict[str, dict[str, Value]] = {}
    broken = set()
    for row in rows:
        value = row.old if side == "old" else row.new
        known.setdefault(row.path, {})
        if value is not None:
            known[row.path][row.key] = value
        elif row.trend is Trend.UNREADABLE:
            broken.add(row.path)
    for path, values in known.items():
        error = "the report could not read it" if path in broken else ""
        yield MetricFile(path=path, values={} if error else values, error=error)


def summarize_gates(report: Report) -> str:
    """One line: the verdict, and what failed, or how many gates gave which answer, the worst first."""
    if failed := failed_stages(report.stages):
        return f"{report.verdict}: stage {failed[0]} failed" + (f" and {len(failed) - 1} more" if failed[1:] else "")
    if not report.gates:
        return f"{report.verdict}: no gates guard {report.environment}"
    order = (Answer.FAIL, Answer.NOT_EVALUABLE, Answer.INCONCLUSIVE, Answer.WARN, Answer.PASS)
    counts = Counter(gate.answer for gate in report.gates)
    told = ", ".join(f"{counts[answer]} {answer}" for answer in order if counts[answer])
    return f"{report.verdict}: {told} ({report.environment})"
