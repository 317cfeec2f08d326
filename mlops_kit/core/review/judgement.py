"""Judges somebody else's report: is it of this pull request, and what do the gates say by our own policy.

The report's numbers of head are taken as it gives them; its answers, its verdict and what it says of base and of what
is live are not. Values only.
"""

from collections import Counter
from dataclasses import replace

from mlops_kit.core.config import Config
from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.forge import MergeGroup, PullRequest
from mlops_kit.core.review.believed import believe_evaluations
from mlops_kit.core.review.cells import ROW_LIMIT
from mlops_kit.core.review.changes import failed_stages
from mlops_kit.core.review.comparability import ObstacleRow
from mlops_kit.core.review.gates import GateInputs, Verdict, evaluate_gates, gated_obstacles, judge_answers
from mlops_kit.core.review.live import LiveMetrics, live_side, with_live_obstacles
from mlops_kit.core.review.metrics import with_live
from mlops_kit.core.review.own_reading import (
    OwnReading,
    base_files,
    join_obstacles,
    judge_rows,
    reported_files,
    tell_differences,
)
from mlops_kit.core.review.report import Report, Side, gate_rows
from mlops_kit.core.types import Answer, EnvironmentName, GateAnswer

_OWN_BASE = "the base branch"


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
    """The environment that a merge leads to: the one that follows the base branch, else the first.

    Of several that follow one branch, as files let them, the first in order.
    """
    following = [name for name, environment in config.environments.items() if environment.branch == base_branch]
    if len(following) == 1:
        return following[0]
    return next(name for name, environment in config.environments.items() if environment.after is None)


def judge_report(
    report: Report, config: Config, name: EnvironmentName, *, live: LiveMetrics, own: OwnReading | None = None
) -> Report:
    """The report with the gates' answers and the verdict by this policy.

    Its values of base and of what is live are filled in again from `own` and `live`. Its obstacles are believed, for
    they can only make an answer worse; what it says of head's values is all there is, and so is what it says of how
    the live version does on head's data, where it is of the version that is live.
    """
    own = own or OwnReading()
    base = base_files(report, own)
    rows = judge_rows(report.metrics, base, config)
    commit = own.base or report.base.commit
    obstacles = join_obstacles(report, own, live, config)
    believed = believe_evaluations(report, config, name, live)
    inputs = GateInputs(
        head=tuple(reported_files(report.metrics, "new")),
        base=base,
        live=live.files,
        base_error=own.error,
        live_error=live.error,
        obstacles=with_live_obstacles(obstacles, live, commit),
        history=own.history,
        evaluations=believed.evaluations,
    )
    rules = config.environments[name]
    answers = evaluate_gates(name, rules, config, inputs)
    notes = (*tell_differences(report, rows, own), *own.notes, *live.notes, *believed.notes, *report.notes)
    return replace(
        report,
        base=report.base if own.base_is_claimed else Side(name=_OWN_BASE, commit=commit),
        live=live_side(live, name, commit),
        environment=name,
        gates=gate_rows(answers),
        metrics=with_live(rows, () if live.is_commit(commit) else live.files or ()),
        obstacles=obstacles,
        evaluations=believed.evaluations,
        notes=tuple(dict.fromkeys(notes))[:ROW_LIMIT],
        verdict=_verdict(answers, report, gated_obstacles(rules, config, inputs)),
    )


def _verdict(answers: tuple[GateAnswer, ...], report: Report, doubts: tuple[ObstacleRow, ...]) -> Verdict:
    """Ours; where all is well for us but not for the report's author, that is worth a look."""
    ours = Verdict.FAIL if failed_stages(report.stages) else judge_answers(answers)
    worth_a_look = report.verdict is not Verdict.PASS or doubts
    return Verdict.WARN if ours is Verdict.PASS and worth_a_look else ours


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
