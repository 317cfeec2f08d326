"""Judging a stranger's report by our own policy."""

from dataclasses import replace
from textwrap import dedent

import pytest

from mlops_kit.core.config import Config, parse_config
from mlops_kit.core.config.evaluation import EvaluationPolicy
from mlops_kit.core.errors import IntegrityError
from mlops_kit.core.forge import PullRequest
from mlops_kit.core.review.changes import ModelRow, StageRow
from mlops_kit.core.review.evaluation import Evaluation, ScoreRow
from mlops_kit.core.review.gates import Verdict
from mlops_kit.core.review.judgement import (
    check_origin,
    judge_report,
    summarize_gates,
    target_environment,
)
from mlops_kit.core.review.live import LiveMetrics
from mlops_kit.core.review.metrics import MetricFile, MetricRow, Trend
from mlops_kit.core.review.report import GateRow, Report, Side
from mlops_kit.core.types import Answer, CommitSha, Digest, EnvironmentName, ModelName

HEAD, BASE = CommitSha("a" * 40), CommitSha("b" * 40)
STAGING = EnvironmentName("staging")
PULL_REQUEST = PullRequest(
    number=7, head=HEAD, base=BASE, head_branch="feature", base_branch="staging", is_fork=False
)  # fmt: skip


def policy(gates: str) -> Config:
    text = f"""
        version: 1
        metrics: {{accuracy: {{goal: maximize}}}}
        environments:
          dev: {{branch: dev}}
          staging: {{branch: release, after: dev, gates: [{gates}]}}
        """
    return parse_config(dedent(text).encode(), file="mlops.yaml")


def report(*rows: MetricRow, verdict: Verdict = Verdict.PASS) -> Report:
    forged = GateRow(environment="dev", metric="accuracy", rule="none", answer=Answer.PASS, message="trust me")
    return Report(
        base=Side(name="main", commit=BASE),
        head=Side(name="work tree", commit=HEAD, worktree=True),
        environment="dev",
        verdict=verdict,
        gates=(forged,),
        metrics=rows,
    )


def row(old: float | str | None, new: float | str | None, trend: Trend = Trend.CHANGED) -> MetricRow:
    return MetricRow(path="metrics.json", key="accuracy", old=old, new=new, trend=trend)


def answers(given: Report, gates: str, live: LiveMetrics | None = None) -> list[Answer]:
    judged = judge_report(given, policy(gates), STAGING, live=live or LiveMetrics())
    return [gate.answer for gate in judged.gates]


def test_the_scores_of_what_the_log_says_is_live_are_judged_and_no_others() -> None:
    live = LiveMetrics(
        files=(MetricFile(path="metrics.json", values={"accuracy": 0.95}),),
        digests={ModelName("churn"): Digest(algorithm="md5", value="a" * 32)},
    )
    score = ScoreRow(path="metrics.json", key="accuracy", live=0.8, candidate=0.85)
    scored = Evaluation(
        environment="staging", model="churn", live=f"md5:{'a' * 32}", candidate="md5:b", scores=(score,)
    )
    model = ModelRow(name="churn", path="m.pkl", old="md5:a", new="md5:b")
    rules = policy("{metric: accuracy, max-drop: 0.01, against: live}")
    config = rules.model_copy(update={"evaluate": {"churn": EvaluationPolicy(stage="evaluate")}})
    given = replace(report(row(0.9, 0.85)), models=(model,), evaluations=(scored,))

    def judged(one: Report, by: Config = config) -> tuple[Answer, int, str]:
        found = judge_report(one, by, STAGING, live=live)
        return found.gates[0].answer, len(found.evaluations), " ".join(found.notes)

    assert judged(given) == (Answer.PASS, 1, "")
    forged = replace(given, evaluations=(replace(scored, live="md5:older"),))
    answer, kept, notes = judged(forged)
    assert (answer, kept) == (Answer.FAIL, 0)
    assert "the evaluation of churn is not used: the live model is md5:aaa" in notes
    assert judged(given, rules)[:2] == (Answer.FAIL, 0)


def test_a_report_of_the_pull_requests_head_is_accepted() -> None:
    check_origin(report(), PULL_REQUEST, file="report.json")


def test_a_report_of_another_commit_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"report.json head\.commit"):
        check_origin(report(), replace(PULL_REQUEST, head=BASE), file="report.json")


def test_the_reports_own_answers_are_not_believed() -> None:
    judged = judge_report(report(row(0.9, 0.5)), policy("{metric: accuracy, min: 0.8}"), STAGING, live=LiveMetrics())

    assert (judged.environment, judged.verdict) == ("staging", Verdict.FAIL)
    assert [(gate.answer, gate.rule) for gate in judged.gates] == [(Answer.FAIL, "accuracy min 0.8")]


@pytest.mark.parametrize(
    ("given", "gates", "answer"),
    [
        (row(0.9, 0.9), "{metric: accuracy, min: 0.8}", Answer.PASS),
        (row(0.9, None, Trend.REMOVED), "{metric: accuracy, min: 0.8}", Answer.NOT_EVALUABLE),
        (row(0.9, None, Trend.UNREADABLE), "{metric: accuracy, min: 0.8}", Answer.NOT_EVALUABLE),
        (row(0.9, "NaN", Trend.NON_FINITE), "{metric: accuracy, min: 0.8}", Answer.NOT_EVALUABLE),
        (row(0.9, "0,95", Trend.TYPE_CHANGED), "{metric: accuracy, min: 0.8}", Answer.NOT_EVALUABLE),
        (row(0.9, 0.8), "{metric: accuracy, max-drop: 0.05}", Answer.FAIL),
        (row(None, 0.8, Trend.NEW), "{metric: accuracy, max-drop: 0.05}", Answer.PASS),
        (row(None, 0.8, Trend.UNREADABLE), "{metric: accuracy, max-drop: 0.05}", Answer.NOT_EVALUABLE),
        (row(0.9, 0.9), "{metric: recall, min: 0.8}", Answer.NOT_EVALUABLE),
    ],
)
def test_numbers_are_judged_and_what_is_no_number_fails_closed(given: MetricRow, gates: str, answer: Answer) -> None:
    assert answers(report(given), gates) == [answer]


@pytest.mark.parametrize(
    ("live", "answer"),
    [
        (LiveMetrics(), Answer.PASS),
        (LiveMetrics(files=(MetricFile(path="metrics.json", values={"accuracy": 0.9}),)), Answer.FAIL),
        (LiveMetrics(error="no network"), Answer.NOT_EVALUABLE),
    ],
    ids=["nothing is live", "live is better", "live is unknown"],
)
def test_what_is_live_is_read_by_us(live: LiveMetrics, answer: Answer) -> None:
    assert answers(report(row(0.5, 0.8)), "{metric: accuracy, max-drop: 0.05, against: live}", live) == [answer]


def test_a_worry_of_the_author_is_not_dropped() -> None:
    judged = judge_report(report(row(1, 1), verdict=Verdict.WARN), policy(""), STAGING, live=LiveMetrics())

    assert judged.verdict is Verdict.WARN


def test_a_failed_stage_fails_the_report_whatever_the_gates_say() -> None:
    stages = (StageRow(name="train", state="failed"), StageRow(name="test", state="failed"))
    failed = replace(report(row(0.9, 0.9)), stages=stages)
    judged = judge_report(failed, policy("{metric: accuracy, min: 0.8}"), STAGING, live=LiveMetrics())
    assert judged.verdict is Verdict.FAIL
    assert summarize_gates(judged) == "fail: stage train failed and 1 more"


@pytest.mark.parametrize(("branch", "name"), [("release", "staging"), ("dev", "dev"), ("main", "dev")])
def test_the_environment_is_the_one_that_the_base_branch_leads_to(branch: str, name: str) -> None:
    assert target_environment(policy(""), branch) == name


def test_the_summary_counts_answers_worst_first() -> None:
    judged = judge_report(
        report(row(0.9, 0.5)),
        policy("{metric: accuracy, min: 0.1}, {metric: accuracy, min: 0.8}, {metric: recall, min: 1}"),
        STAGING,
        live=LiveMetrics(),
    )

    assert summarize_gates(judged) == "fail: 1 fail, 1 not-evaluable, 1 pass (staging)"
    assert summarize_gates(replace(judged, gates=(), verdict=Verdict.PASS)) == "pass: no gates guard staging"
