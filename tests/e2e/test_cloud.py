"""Promotion with a cloud's log-in, and the rollback of a person, under act; the clouds' own actions are shims."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.contract.mlflow_database import place_empty_database
from tests.e2e.act import Stage
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

IDENTITY = "identity-canary-0123456789"


@pytest.fixture
def registry(stage: Stage) -> Stage:
    place_empty_database(stage.consumer.registry)
    return replace(stage, secrets={"MLFLOW_TRACKING_URI": f"sqlite:///{stage.consumer.registry}"})


@contextmanager
def sign_of_life() -> Iterator[tuple[str, list[str]]]:
    """An address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret-path", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_caller(stage: Stage, name: str, text: str) -> None:
    (stage.consumer.clone / ".github/workflows" / name).write_text(text)


CALLER = """
on: push
jobs:
  promote:
    uses: mlops-kit/mlops-kit/.github/workflows/promote-cloud.yml@v0.1.0
    with: {{environment: dev, {more}}}
    secrets: {{MLFLOW_TRACKING_URI: "${{{{ secrets.MLFLOW_TRACKING_URI }}}}"}}
"""


def push(stage: Stage, more: str) -> tuple[int, str]:
    stage.consumer.git("checkout", "--quiet", "-B", "dev", "origin/dev")
    write_caller(stage, "cloud.yml", CALLER.format(more=more))
    run = stage.run("cloud.yml", "push", {"ref": "refs/heads/dev", "after": stage.consumer.head("dev")})
    return run.code, run.text


@pytest.mark.parametrize(
    ("more", "step"),
    [
        ("aws-role: arn:aws:iam::123456789012:role/models, aws-region: eu-central-1", "Take on the AWS role"),
        ("gcp-provider: projects/1/locations/global/workloadIdentityPools/p/providers/g", "Log in to Google Cloud"),
    ],
)
def test_a_promotion_logs_in_to_the_cloud_that_is_named_and_to_no_other(registry: Stage, more: str, step: str) -> None:
    code, text = push(registry, more)

    assert code == 0, text
    assert f"Run Main {step}" in text
    others = {"Take on the AWS role", "Log in to Google Cloud", "Log in to Azure"} - {step}
    assert [other for other in others if f"Run Main {other}" in text] == []
    assert registry.consumer.git("ls-remote", "--tags", "origin", "mlops/churn/dev/000001")


def test_without_the_right_to_an_identity_azure_says_which_right_is_missing(registry: Stage) -> None:
    code, text = push(registry, "azure-client: 11111111-2222, azure-tenant: 33333333-4444")

    assert code == 1
    assert "hint: grant `id-token: write` to the calling job" in text
    assert not registry.consumer.git("ls-remote", "--tags", "origin", "mlops/*")


def test_a_space_for_arguments_compares_every_environment(registry: Stage) -> None:
    code, text = push(registry, 'arguments: " "')

    assert code == 0, text
    assert registry.consumer.git("ls-remote", "--tags", "--refs", "origin", "mlops/churn/*").count("refs/tags") == 2


def test_a_reconciliation_that_succeeds_gives_a_sign_of_life_and_one_that_fails_gives_none(registry: Stage) -> None:
    with sign_of_life() as (address, asked):
        told = replace(registry, secrets={**registry.secrets, "HEARTBEAT_URL": address})
        good = told.run("reconcile.yml", "schedule", {"schedule": "17 * * * *"})
        assert (good.code, asked) == (0, ["/secret-path"]), good.text

        told.consumer.git("push", "--quiet", "--force", "origin", "worse:production")
        bad = told.run("reconcile.yml", "schedule", {"schedule": "17 * * * *"})

    assert bad.code == 1, bad.text
    assert asked == ["/secret-path"]
    assert "secret-path" not in good.text + bad.text


def test_a_sign_of_life_that_does_not_arrive_is_a_warning_only(registry: Stage) -> None:
    told = replace(registry, secrets={**registry.secrets, "HEARTBEAT_URL": "http://127.0.0.1:9/x"})

    run = told.run("reconcile.yml", "schedule", {"schedule": "17 * * * *"})

    assert run.code == 0, run.text
    assert "the sign of life did not arrive" in run.text


def test_a_rollback_by_hand_opens_its_pull_request_as_the_app(registry: Stage, github: FakeGitHub) -> None:
    token = "ghs_app_of_Iv23"
    stage = registry
    for branch in ("main", "better"):
        stage.consumer.git("push", "--quiet", "--force", "origin", f"{branch}:dev")
        stage.consumer.git("fetch", "--quiet", "origin")
        stage.consumer.git("checkout", "--quiet", "-B", "dev", "origin/dev")
        run = stage.run("promote.yml", "push", {"ref": "refs/heads/dev", "after": stage.consumer.head("dev")})
        assert run.code == 0, run.text
    write_caller(stage, "back.yml", """
on: workflow_dispatch
jobs:
  rollback:
    uses: mlops-kit/mlops-kit/.github/workflows/rollback.yml@v0.1.0
    with: {environment: dev, models: churn, to: "#1", app-client-id: Iv23}
    secrets: {APP_PRIVATE_KEY: key}
""")  # fmt: skip

    github.accounts.clear()  # whoever asks with another token is nobody
    github.accounts[token] = Account(login="our-app[bot]")

    run = stage.run("back.yml", "workflow_dispatch", {"inputs": {}})

    assert run.code == 0, run.text
    assert len(github.pulls) == 1
    assert "refs/heads/mlops-kit/rollback/" in stage.consumer.git("ls-remote", "--heads", "origin")
