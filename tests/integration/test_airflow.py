"""The Airflow task as shipped, without Airflow: it dispatches, finds the run and waits, through GitHub's API."""

import ast
from pathlib import Path

import pytest

from examples.airflow.retrain_task import Patience, Place, RetrainError, clean_request, retrain
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account
from tests.fakes.github_settings import ACTIONS
from tests.integration.desk import TOKEN

DAG = Path(__file__).parents[2] / "examples" / "airflow" / "retrain_dag.py"
QUICK = Patience(appear_seconds=3, end_seconds=5, look_seconds=1)


@pytest.fixture(autouse=True)
def account(github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login="airflow", permissions=frozenset({"contents: write", ACTIONS}))


def ask(github: FakeGitHub, request: str = "manual__2026-01-02T06:00:00+00:00") -> dict[str, object]:
    slept: list[float] = []
    return retrain(
        Place(repository="acme/churn", api_url=github.url), TOKEN, request, patience=QUICK, sleep=slept.append
    )


def dispatches(github: FakeGitHub) -> int:
    return github.calls().count("POST /repos/acme/churn/dispatches")


def test_a_retraining_is_dispatched_found_and_waited_for(github: FakeGitHub) -> None:
    result = ask(github)

    assert (result["conclusion"], dispatches(github)) == ("success", 1)
    assert str(result["url"]).startswith("https://github.test/acme/churn/actions/runs/")
    assert ask(github)["id"] == result["id"]
    assert dispatches(github) == 1
    assert ask(github, "another")["id"] != result["id"]


def test_an_answer_that_got_lost_starts_no_second_run(github: FakeGitHub) -> None:
    github.fail(Fault(method="POST", path="/dispatches$", when="after", reset=True))
    github.fail(Fault(method="GET", path=r"/actions/runs/\d+$", status=503))

    assert ask(github)["conclusion"] == "success"
    assert (dispatches(github), len(github.dispatched.runs)) == (1, 1)


def test_what_does_not_end_well_is_an_error_without_the_token(github: FakeGitHub) -> None:
    github.dispatched.conclusion = "failure"
    with pytest.raises(RetrainError, match=r"ended with failure: https://github.test/acme/churn/actions/runs/"):
        ask(github)
    github.dispatched.states = ("hidden",)
    with pytest.raises(RetrainError, match="no run appeared for the request within 3 s"):
        ask(github, "late")
    github.dispatched.states = ("queued",)
    with pytest.raises(RetrainError, match="did not end within 5 s"):
        ask(github, "stuck")
    github.accounts[TOKEN] = Account(login="airflow", permissions=frozenset({ACTIONS}))
    with pytest.raises(RetrainError, match="needs contents: write") as caught:
        ask(github, "new")
    assert TOKEN not in str(caught.value)


def test_a_request_is_one_plain_line() -> None:
    assert clean_request("a b\n$(rm -rf /)`" + "x" * 200) == ("a-b-rm--rf-" + "x" * 200)[:100]


def test_the_dag_calls_what_the_task_has() -> None:
    tree = ast.parse(DAG.read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "retrain_task"
        for alias in node.names
    }

    assert names == {"Place", "retrain"}
    assert len(DAG.read_text().splitlines()) <= 25
