"""The promote and reconcile workflows as shipped, called as the examples call them, under act."""

import sqlite3
from dataclasses import replace

import pytest

from tests.e2e.act import TOKEN, Run, Stage
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account


@pytest.fixture
def registry(stage: Stage) -> Stage:
    """A stage whose runs know the MLflow registry."""
    return replace(stage, secrets={"MLFLOW_TRACKING_URI": f"sqlite:///{stage.consumer.registry}"})


def push(stage: Stage, branch: str) -> Run:
    """What GitHub runs when a branch has moved."""
    stage.consumer.git("fetch", "--quiet", "origin")
    stage.consumer.git("checkout", "--quiet", "-B", branch, f"origin/{branch}")
    commit = stage.consumer.git("rev-parse", "HEAD")
    return stage.run("promote.yml", "push", {"ref": f"refs/heads/{branch}", "after": commit})


def aliases(stage: Stage) -> dict[str, int]:
    """Alias to version, as MLflow's database holds them."""
    with sqlite3.connect(stage.consumer.registry) as database:
        return dict(database.execute("select alias, version from registered_model_aliases").fetchall())


def tags(stage: Stage) -> list[str]:
    """The promotion log at the origin."""
    lines = stage.consumer.git("ls-remote", "--tags", "--refs", "origin", "mlops/*").splitlines()
    return [line.partition("\t")[2].removeprefix("refs/tags/") for line in lines]


def test_a_merge_moves_the_alias_and_a_second_run_changes_nothing(registry: Stage) -> None:
    dev = push(registry, "dev")
    assert (dev.code, dev.jobs) == (0, {"Promote": "success"}), dev.text
    assert aliases(registry) == {"dev": 1}

    staging = push(registry, "staging")
    assert (staging.code, staging.jobs) == (0, {"Promote": "success"}), staging.text
    assert aliases(registry) == {"dev": 1, "staging": 1}
    assert tags(registry) == ["mlops/churn/dev/000001", "mlops/churn/staging/000001"]

    before = registry.consumer.registry.read_bytes()
    again = registry.run("reconcile.yml", "schedule", {"schedule": "17 * * * *"})
    assert (again.code, again.jobs) == (0, {"Reconcile": "success"}), again.text
    assert aliases(registry) == {"dev": 1, "staging": 1}
    assert tags(registry) == ["mlops/churn/dev/000001", "mlops/churn/staging/000001"]
    assert registry.consumer.registry.read_bytes() == before
    assert TOKEN not in dev.text + staging.text + again.text


def test_promotions_stand_on_githubs_page_of_environments_once_whatever_is_delivered_again(
    registry: Stage, github: FakeGitHub
) -> None:
    for branch in ("dev", "staging", "dev"):
        run = push(registry, branch)
        assert (run.code, run.jobs) == (0, {"Promote": "success"}), run.text
    assert github.board() == [(1, "dev", "success"), (1, "staging", "success")]
    writes = github.writes()
    late = registry.run("promote.yml", "push", {"ref": "refs/heads/dev", "after": "0" * 40}, run_id=2)

    assert late.code == 0, late.text
    assert github.writes() == writes
    assert [one["log_url"][-15:] for one in github.deployment_statuses.values()] == ["/actions/runs/1"] * 4


def test_a_token_that_may_not_deploy_is_a_note_and_the_promotion_goes_on(registry: Stage, github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login="github-actions[bot]", permissions=frozenset({"contents: write"}))

    dev = push(registry, "dev")

    assert (dev.code, dev.jobs) == (0, {"Promote": "success"}), dev.text
    assert "note: dev churn: the promotion could not be announced" in dev.text
    assert aliases(registry) == {"dev": 1}


def test_a_skipped_environment_makes_the_job_red(registry: Stage) -> None:
    registry.consumer.git("push", "--quiet", "origin", "main:production")

    run = push(registry, "production")

    assert (run.code, run.jobs) == (1, {"Promote": "failure"})
    assert "blocked: production churn: skipped staging" in run.text
    assert tags(registry) == []
