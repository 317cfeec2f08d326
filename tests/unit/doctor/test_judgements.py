"""What the doctor makes of facts: each condition, its words, and that every fault has a fix."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_kit.core.doctor.finding import Condition, Finding, Part, diagnose
from mlops_kit.core.doctor.machine import Machine, Runner, judge_machine, judge_runner, token_kind
from mlops_kit.core.doctor.settings import (
    judge_branch,
    judge_environments,
    judge_log_rules,
    judge_rights,
    judge_runners,
    judge_schedule,
    judge_scopes,
    judge_secrets,
)
from mlops_kit.core.doctor.workflows import handed_secrets, judge_workflows, runner_labels, scheduled_files
from mlops_kit.core.documents import Document, parse_yaml
from mlops_kit.core.onboarding.choices import parse_followed, suggest
from mlops_kit.core.onboarding.pin import Pin
from mlops_kit.core.onboarding.survey import Remote, Survey
from mlops_kit.core.onboarding.workflow_file import workflow_text
from mlops_kit.core.run import Gpu, Wants
from mlops_kit.core.settings import BranchRules, GuardedEnvironment, OwnRunner, ScheduledWorkflow, WorkflowRights
from mlops_kit.core.types import EnvironmentName

GIB = 2**30
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DEV, PRODUCTION = EnvironmentName("dev"), EnvironmentName("production")
GOOD = Machine(python="3.12.1", git="2.39.5", dvc="3.67.1", free_bytes=10 * GIB)
SAFE = BranchRules(
    exists=True,
    requires_pull_request=True,
    checks=frozenset({"mlops-kit"}),
    forbids_force_push=True,
    forbids_deletion=True,
)
GUARDED = GuardedEnvironment(name="production", has_reviewers=True, prevents_self_review=True, limits_branches=True)
GPU = OwnRunner(name="gpu-1", labels=frozenset({"self-hosted", "gpu"}), online=True, ephemeral=True)


def conditions(findings: Iterable[Finding]) -> dict[str, str]:
    found = list(findings)
    assert [one for one in found if one.condition in {Condition.FAIL, Condition.WARN} and not one.fix] == []
    return {one.check: one.condition.value for one in found}


def machine(changes: dict[str, Any] | None = None, *, gpus: int = 0, locked: int = 0) -> dict[str, str]:
    return conditions(judge_machine(replace(GOOD, **(changes or {})), [Wants(gpus=gpus)], locked_bytes=locked))


def test_a_good_machine_has_nothing_to_mend() -> None:
    assert set(machine().values()) == {"ok"}


@pytest.mark.parametrize(
    ("changes", "check", "condition"),
    [
        ({"git": ""}, "git", "fail"),
        ({"git": "2.25.1"}, "git", "fail"),
        ({"git": "2.30.0"}, "git", "ok"),
        ({"dvc": ""}, "dvc", "fail"),
        ({"dvc": "3.59.2"}, "dvc", "fail"),
        ({"dvc": "4.0.0"}, "dvc", "fail"),
        ({"dvc": "3.60.0"}, "dvc", "ok"),
        ({"free_bytes": GIB}, "disk", "ok"),
        ({"writable": False}, "disk", "fail"),
    ],
)
def test_a_tool_that_does_not_fit_is_found(changes: dict[str, object], check: str, condition: str) -> None:
    assert machine(changes)[check] == condition


def test_room_is_asked_for_a_copy_and_what_is_written_beside_it() -> None:
    assert machine(locked=4 * GIB)["disk"] == "ok"
    assert machine(locked=5 * GIB)["disk"] == "warn"


def test_gpus_are_enough_or_not() -> None:
    two = (Gpu(id="0", memory_mib=8, name="T4"), Gpu(id="1", memory_mib=8, name="T4"))
    assert machine({"gpus": two}, gpus=2)["gpus"] == "ok"
    assert machine({"gpus": two}, gpus=3)["gpus"] == "warn"
    (finding,) = [
        one for one in judge_machine(replace(GOOD, visible=""), [Wants(gpus=1)], locked_bytes=0) if one.check == "gpus"
    ]
    assert "none can be used here, limited by CUDA_VISIBLE_DEVICES=" in finding.message


@pytest.mark.parametrize(
    ("runner", "condition"),
    [
        (Runner(self_hosted=False, leftovers=("other",)), "ok"),
        (Runner(self_hosted=True), "ok"),
        (Runner(self_hosted=True, leftovers=("other",)), "warn"),
    ],
)
def test_a_runner_that_lives_on_is_told(runner: Runner, condition: str) -> None:
    assert conditions(judge_runner(runner))["life"] == condition


@pytest.mark.parametrize(
    ("token", "kind"),
    [("ghs_x", "an app's"), ("ghp_x", "classic"), ("github_pat_x", "fine-grained"), ("x", "not known")],
)
def test_a_token_s_kind_is_told_and_nothing_of_it(token: str, kind: str) -> None:
    assert kind in token_kind(token)
    assert "_x" not in token_kind(token)


@pytest.mark.parametrize(
    ("changes", "condition", "word"),
    [
        ({}, "ok", ""),
        ({"exists": False}, "warn", "git push"),
        ({"requires_pull_request": False}, "fail", "require a pull request"),
        ({"checks": frozenset({"build"})}, "fail", "require the check mlops-kit"),
        ({"checks": frozenset({"mlops-kit/vision"})}, "ok", ""),
        ({"forbids_force_push": False}, "fail", "forbid force pushes"),
        ({"forbids_deletion": False}, "fail", "forbid deletion"),
    ],
)
def test_a_branch_is_guarded_or_what_lacks_is_named(changes: dict[str, object], condition: str, word: str) -> None:
    (finding,) = judge_branch(PRODUCTION, "main", replace(SAFE, **changes))  # type: ignore[arg-type]
    assert finding.condition.value == condition
    assert word in finding.fix


def test_the_log_s_tags_are_guarded_or_not() -> None:
    assert judge_log_rules(["refs/tags/mlops/**"]).condition is Condition.OK
    assert judge_log_rules(["~ALL"]).condition is Condition.OK
    assert judge_log_rules(["refs/tags/v*"]).condition is Condition.WARN


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((GUARDED, replace(GUARDED, name="dev")), {"environment dev": "ok", "environment production": "ok"}),
        ((), {"environment dev": "warn", "environment production": "warn"}),
        ((replace(GUARDED, name="dev", has_reviewers=False), replace(GUARDED, has_reviewers=False)),
         {"environment dev": "ok", "environment production": "warn"}),
        ((replace(GUARDED, name="dev", limits_branches=False), replace(GUARDED, prevents_self_review=False)),
         {"environment dev": "warn", "environment production": "warn"}),
    ],
)  # fmt: skip
def test_environments_are_guarded_or_what_lacks_is_named(
    found: tuple[GuardedEnvironment, ...], expected: dict[str, str]
) -> None:
    assert conditions(judge_environments((DEV, PRODUCTION), found)) == expected


def test_rights_of_workflows_that_say_nothing() -> None:
    good = WorkflowRights(writes_by_default=False, opens_pull_requests=True)
    assert conditions(judge_rights(good)) == {"workflow permissions": "ok"}
    bad = WorkflowRights(writes_by_default=True, opens_pull_requests=False)
    assert conditions(judge_rights(bad)) == {"workflow permissions": "warn", "pull requests": "warn"}


@pytest.mark.parametrize(
    ("runners", "public", "expected"),
    [
        ((GPU,), True, {"labels": "ok"}),
        ((replace(GPU, ephemeral=False),), True, {"runners": "fail", "labels": "ok"}),
        ((replace(GPU, ephemeral=False),), False, {"labels": "ok"}),
        ((replace(GPU, ephemeral=None),), True, {"labels": "ok"}),
        ((replace(GPU, online=False),), False, {"labels": "warn"}),
        ((replace(GPU, labels=frozenset({"self-hosted"})),), False, {"labels": "warn"}),
        ((), False, {"labels": "warn"}),
    ],
)
def test_runners_are_there_and_no_stranger_reaches_one_that_lives_on(
    runners: tuple[OwnRunner, ...], *, public: bool, expected: dict[str, str]
) -> None:
    assert conditions(judge_runners(runners, {"self-hosted", "gpu"}, public=public)) == expected


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (None, {}),
        (frozenset(), {"token": "fail"}),
        (frozenset({"gist", "read:org"}), {"token": "fail"}),
        (frozenset({"repo", "workflow"}), {"token": "ok"}),
        (frozenset({"repo", "delete_repo"}), {"token": "warn"}),
    ],
)
def test_a_classic_token_s_scopes_are_enough_and_not_too_many(
    scopes: frozenset[str] | None, expected: dict[str, str]
) -> None:
    assert conditions(judge_scopes(scopes)) == expected


def test_secrets_that_lack_are_named() -> None:
    assert conditions(judge_secrets(["A", "B"], {"B"})) == {"secret A": "warn"}
    assert conditions(judge_secrets(["B"], {"B"})) == {"secrets": "ok"}


@pytest.mark.parametrize(
    ("active", "age", "condition"),
    [
        (True, timedelta(hours=1), "ok"),
        (True, timedelta(days=3), "warn"),
        (True, None, "warn"),
        (False, timedelta(), "fail"),
    ],
)
def test_a_schedule_is_alive_or_not(*, active: bool, age: timedelta | None, condition: str) -> None:
    workflow = ScheduledWorkflow(file="mlops.yml", is_active=active, last=None if age is None else NOW - age)
    assert judge_schedule(workflow, NOW).condition.value == condition


def written(text: str | None = None) -> Document:
    """The workflow that init writes, or another."""
    survey = Survey(roots=("",), root="", remotes=(Remote(name="s", scheme="s3", is_default=True),))
    choices = replace(suggest(survey), runner='["self-hosted", "gpu"]', followed=parse_followed("dev,production=main"))
    own = workflow_text(survey, choices, Pin(commit="a" * 40), minute=7)
    return parse_yaml((text if text is not None else own).encode(), file=".github/workflows/mlops.yml")


def test_what_init_writes_is_in_order() -> None:
    assert conditions(judge_workflows((written(),))) == {"kit": "ok"}
    assert scheduled_files((written(),)) == ("mlops.yml",)
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert handed_secrets((written(),)) == {"MLFLOW_TRACKING_URI", *keys, *(f"READ_ONLY_{key}" for key in keys)}
    assert runner_labels((written(),)) == {"self-hosted", "gpu"}


CALL = "mlops-kit/mlops-kit/.github/workflows"
REVIEW = f"""on: pull_request
jobs:
  review:
    uses: {CALL}/review.yml@{"a" * 40}
    permissions: {{contents: write, pull-requests: write, checks: write, statuses: write}}
"""


CLOUD = f"""  all:
    uses: {CALL}/promote-cloud.yml@{"a" * 40}
    permissions: {{id-token: write, contents: write, deployments: write, pull-requests: write, actions: read}}
on: {{pull_request: , schedule: [{{cron: "7 * * * *"}}]}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: push\njobs: {}\n", {"kit": "warn"}),
        (REVIEW.replace("on: pull_request\n", "") + CLOUD, {"kit": "ok"}),
        (REVIEW.replace("on: pull_request\n", "") + CLOUD.replace("id-token: write, ", ""), {"permissions": "fail"}),
        (REVIEW, {"schedule": "warn", "kit": "ok"}),
        (REVIEW.replace("a" * 40, "v1"), {"pin": "fail", "schedule": "warn"}),
        (REVIEW.replace("a" * 40, "a" * 12), {"pin": "fail", "schedule": "warn"}),
        (REVIEW.replace("checks: write, ", ""), {"permissions": "fail", "schedule": "warn"}),
        (REVIEW.replace("contents: write", "contents: read"), {"permissions": "fail", "schedule": "warn"}),
        (REVIEW.replace("on: pull_request", "on: pull_request_target"), {"trigger": "fail", "schedule": "warn"}),
        (
            REVIEW.replace("on: pull_request", "on: {workflow_run: {workflows: [a]}}"),
            {"trigger": "fail", "schedule": "warn"},
        ),
        (
            "on: push\njobs:\n  a:\n    steps:\n    - uses: mlops-kit/mlops-kit@main\n",
            {"pin": "fail", "schedule": "warn"},
        ),
        ("[1]", {"kit": "warn"}),
        ("jobs: [a]", {"kit": "warn"}),
        ("jobs: {a: {uses: 3, steps: [1, {uses: [x]}]}}", {"kit": "warn"}),
    ],
)
def test_a_workflow_that_is_not_safe_or_cannot_work_is_named(text: str, expected: dict[str, str]) -> None:
    assert conditions(judge_workflows((written(text),))) == expected


def test_a_pin_is_named_with_its_line() -> None:
    (finding, _) = judge_workflows((written(REVIEW.replace("a" * 40, "v1")),))
    assert finding.message.startswith(".github/workflows/mlops.yml:4:11: the kit is named by 'v1'")


def test_the_worst_is_said_first() -> None:
    found = [
        Finding(part=part, check="c", condition=condition, message="m")
        for part in (Part.GITHUB, Part.MACHINE)
        for condition in (Condition.OK, Condition.FAIL)
    ]
    diagnosis = diagnose(found)
    assert [(one.condition.value, one.part.value) for one in diagnosis.findings] == [
        ("fail", "machine"), ("fail", "github"), ("ok", "machine"), ("ok", "github"),
    ]  # fmt: skip
    assert not diagnosis.healthy
