"""What the repository's workflows and the examples must not say; each rule is also shown a copy that says it."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.threats import workflow_rules as rules
from tests.threats.workflow_rules import Job, read_jobs, read_workflows

Rule = Callable[[Job], Iterator[str]]
Workflows = dict[str, dict[str, Any]]
REVIEW, PROMOTE, CI, RETRAIN = (f".github/workflows/{name}.yml" for name in ("review", "promote", "ci", "retrain"))
UNTRUSTED, POST = (f"examples/workflows/review-{name}.yml" for name in ("untrusted", "post"))


def findings(rule: Rule, workflows: Workflows) -> list[str]:
    return [found for job in read_jobs(workflows) for found in rule(job)]


def spoilt(spoil: Callable[[Workflows], object]) -> Workflows:
    workflows = deepcopy(read_workflows())
    spoil(workflows)
    return workflows


def steps(workflows: Workflows, path: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflows[path]["jobs"][job]["steps"]
    return found


def first(workflows: Workflows, path: str, job: str, action: str) -> dict[str, Any]:
    return next(step for step in steps(workflows, path, job) if action in str(step.get("uses")))


def give_rights(workflows: Workflows) -> None:
    workflows[REVIEW]["jobs"]["reproduce"]["permissions"]["pull-requests"] = "write"


def give_secret(workflows: Workflows) -> None:
    steps(workflows, UNTRUSTED, "reproduce")[-2]["env"] = {"KEY": "${{ secrets.KEY }}"}


def give_environment(workflows: Workflows) -> None:
    workflows[REVIEW]["jobs"]["reproduce"]["environment"] = "gpu"


def give_rights_to_train(workflows: Workflows) -> None:
    workflows[RETRAIN]["jobs"]["retrain"]["permissions"]["pull-requests"] = "write"


def train_where_it_is_proposed(workflows: Workflows) -> None:
    steps(workflows, RETRAIN, "propose")[-2]["with"]["command"] = "retrain --hand-over folder"


def check_out_head(workflows: Workflows) -> None:
    ref = "${{ github.event.workflow_run.head_sha }}"
    first(workflows, POST, "comment", "checkout")["with"]["ref"] = ref


def trigger_by_target(workflows: Workflows) -> None:
    triggers: dict[Any, Any] = workflows[UNTRUSTED]
    triggers[True] = "pull_request_target"


def write_in_ci(workflows: Workflows) -> None:
    workflows[CI]["jobs"]["check"]["permissions"] = "write-all"


@pytest.mark.parametrize(
    "spoil",
    [
        give_rights, give_secret, give_environment, check_out_head, trigger_by_target, write_in_ci,
        give_rights_to_train, train_where_it_is_proposed,
    ],
)  # fmt: skip
def test_t01_no_job_has_rights_and_what_a_pull_request_brings(spoil: Callable[[Workflows], None]) -> None:
    assert findings(rules.rights_beside_a_change, read_workflows()) == []
    assert findings(rules.rights_beside_a_change, spoilt(spoil)) != []


def drop_guard(workflows: Workflows) -> None:
    del workflows[REVIEW]["jobs"]["reproduce"]["if"]


def own_runner(workflows: Workflows) -> None:
    workflows[UNTRUSTED]["jobs"]["reproduce"]["runs-on"] = ["self-hosted", "gpu"]


@pytest.mark.parametrize("spoil", [drop_guard, own_runner])
def test_t02_a_job_on_runners_of_ones_own_asks_whose_change_it_is(spoil: Callable[[Workflows], None]) -> None:
    assert findings(rules.unguarded_runners, read_workflows()) == []
    assert findings(rules.unguarded_runners, spoilt(spoil)) != []


def test_t03_no_value_becomes_part_of_a_script() -> None:
    def spoil(workflows: Workflows) -> None:
        steps(workflows, UNTRUSTED, "reproduce").append({"run": 'echo "${{ github.event.pull_request.title }}"'})

    assert findings(rules.expressions_in_scripts, read_workflows()) == []
    assert findings(rules.expressions_in_scripts, spoilt(spoil)) != []


@pytest.mark.parametrize(
    "step", [{"uses": "actions/cache@" + "a" * 40}, {"uses": "actions/setup-python@" + "a" * 40, "with": {"cache": ""}}]
)
def test_t07_no_job_takes_what_another_run_left(step: dict[str, Any]) -> None:
    assert findings(rules.caches, read_workflows()) == []
    assert findings(rules.caches, spoilt(lambda found: steps(found, PROMOTE, "promote").append(step))) != []


def hand_token(workflows: Workflows) -> None:
    steps(workflows, REVIEW, "reproduce")[-2]["with"]["token"] = "${{ github.token }}"


def keep_credentials(workflows: Workflows) -> None:
    del first(workflows, REVIEW, "reproduce", "checkout")["with"]["persist-credentials"]


@pytest.mark.parametrize("spoil", [give_secret, hand_token, keep_credentials])
def test_t10_a_job_that_runs_a_change_has_no_secret(spoil: Callable[[Workflows], None]) -> None:
    assert findings(rules.secrets_beside_a_change, read_workflows()) == []
    assert findings(rules.secrets_beside_a_change, spoilt(spoil)) != []


def test_t10_secrets_are_passed_on_by_name() -> None:
    def spoil(workflows: Workflows) -> None:
        workflows["examples/workflows/promote.yml"]["jobs"]["promote"]["secrets"] = "inherit"

    assert findings(rules.inherited_secrets, read_workflows()) == []
    assert findings(rules.inherited_secrets, spoilt(spoil)) != []


@pytest.mark.parametrize(
    "name", ["actions/checkout@v7", "someone/else@main", "docker://python:3", "mlops-kit/mlops-kit@v1"]
)
def test_t12_what_others_wrote_is_named_by_commit(name: str) -> None:
    assert findings(rules.unpinned_actions, read_workflows()) == []
    assert findings(rules.unpinned_actions, spoilt(lambda found: steps(found, CI, "check").append({"uses": name})))


@pytest.mark.parametrize("script", ["pip install build", "curl -L https://x | sh", "npx something"])
def test_t12_a_job_with_rights_installs_nothing_by_itself(script: str) -> None:
    assert findings(rules.floating_installs, read_workflows()) == []
    assert findings(
        rules.floating_installs, spoilt(lambda found: steps(found, PROMOTE, "promote").append({"run": script}))
    )


def test_the_rules_see_which_workflow_calls_which() -> None:
    events = {job.place: job.events for job in read_jobs(read_workflows())}

    assert {"pull_request", "merge_group", "workflow_call"} <= events[f"{REVIEW} reproduce"]
    assert "push" in events[f"{PROMOTE} promote"]
    changed = {job.place for job in read_jobs(read_workflows()) if job.takes_the_change}
    assert {f"{CI} check", f"{REVIEW} reproduce", f"{UNTRUSTED} reproduce"} <= changed
    assert changed.isdisjoint({f"{REVIEW} comment", f"{POST} comment", f"{PROMOTE} promote"})
