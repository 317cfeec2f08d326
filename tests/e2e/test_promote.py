"""The promote workflow as shipped, with a registry that is a file; `scenarios` plays it against a server."""

import sqlite3
from dataclasses import replace

import pytest

from tests.contract.mlflow_database import place_empty_database
from tests.e2e.act import TOKEN, Run, Stage
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account


@pytest.fixture
def registry(stage: Stage) -> Stage:
    """A stage whose runs know the MLflow registry."""
    place_empty_database(stage.consumer.registry)
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


def test_a_token_that_may_not_deploy_is_a_note_and_the_promotion_goes_on(registry: Stage, github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login="github-actions[bot]", permissions=frozenset({"contents: write"}))

    dev = push(registry, "dev")

    assert (dev.code, dev.jobs) == (0, {"Promote": "success"}), dev.text
    assert "note: dev churn: the promotion could not be announced" in dev.text
    assert aliases(registry) == {"dev": 1}
