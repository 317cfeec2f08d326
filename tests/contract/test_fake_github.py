"""The fake GitHub answers what GitHub's own schema says."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from githubkit_schemas.latest import models
from pydantic import TypeAdapter

from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

HEAD = "a" * 40
PERSON, APP = "token-of-a-person", "token-of-a-workflow"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts = {PERSON: Account(login="octocat", is_app=False), APP: Account(login="github-actions[bot]")}
    fake.add_pull_request(7, head=HEAD, labels=["accepted"])
    fake.add_pull_request(8, head_repository=None)
    fake.add_comment(7, "hello", author="octocat")
    fake.add_comment(7, "gone", author=None)
    fake.refs["heads/main"] = HEAD
    fake.roles["ada"] = "maintain"
    fake.check_runs[fake.new_id()] = {"head_sha": HEAD, **CHECK, "annotations": [], "id": 3}
    with fake.serve():
        yield fake


def call(github: FakeGitHub, method: str, path: str, *, token: str = PERSON, body: object = None) -> tuple[int, str]:
    connection = HTTPConnection(urlsplit(github.url).netloc, timeout=10)
    connection.request(method, path, json.dumps(body) if body else None, {"authorization": f"token {token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


ANNOTATION = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m", "title": "t"}
CHECK = {
    "name": "mlops-kit", "status": "completed", "conclusion": "success", "external_id": "x",
    "output": {"title": "pass", "summary": "all is well", "annotations": [ANNOTATION]},
}  # fmt: skip
ANSWERS = [
    ("GET", "/user", None, models.PublicUser),
    ("GET", "/repos/acme/churn", None, models.FullRepository),
    ("GET", "/repos/acme/churn/pulls/7", None, models.PullRequest),
    ("GET", "/repos/acme/churn/pulls/8", None, models.PullRequest),
    ("GET", "/repos/acme/churn/issues/7/comments", None, list[models.IssueComment]),
    ("POST", "/repos/acme/churn/issues/7/comments", {"body": "new"}, models.IssueComment),
    ("PATCH", "/repos/acme/churn/issues/comments/1", {"body": "other"}, models.IssueComment),
    ("POST", f"/repos/acme/churn/statuses/{HEAD}", {"state": "success", "context": "kit"}, models.Status),
    ("GET", "/repos/acme/churn/pulls?head=acme:feature", None, list[models.PullRequestSimple]),
    ("GET", f"/repos/acme/churn/commits/{HEAD}/pulls", None, list[models.PullRequestSimple]),
    ("GET", "/repos/acme/churn/collaborators/ada/permission", None, models.RepositoryCollaboratorPermission),
    (
        "GET",
        f"/repos/acme/churn/commits/{HEAD}/check-runs",
        None,
        models.ReposOwnerRepoCommitsRefCheckRunsGetResponse200,
    ),
    ("POST", "/repos/acme/churn/check-runs", {"head_sha": HEAD, **CHECK}, models.CheckRun),
    ("PATCH", "/repos/acme/churn/check-runs/3", CHECK, models.CheckRun),
    ("GET", "/repos/acme/churn/git/ref/heads/main", None, models.GitRef),
]


@pytest.mark.parametrize(("method", "path", "body", "model"), ANSWERS, ids=lambda value: str(value)[:60])
def test_an_answer_fits_the_published_model(
    github: FakeGitHub, method: str, path: str, body: object, model: type[object]
) -> None:
    status, text = call(github, method, path, body=body, token=APP if "/check-runs" in path else PERSON)

    assert status in {200, 201}
    TypeAdapter(model).validate_json(text)


def test_a_workflow_token_may_not_ask_who_it_is_but_graphql_tells(github: FakeGitHub) -> None:
    assert call(github, "GET", "/user", token=APP)[0] == 403
    status, text = call(github, "POST", "/graphql", token=APP, body={"query": "query { viewer { login } }"})

    assert (status, json.loads(text)) == (200, {"data": {"viewer": {"login": "github-actions[bot]"}}})


def test_a_persons_token_may_set_no_check_run(github: FakeGitHub) -> None:
    status, text = call(github, "POST", "/repos/acme/churn/check-runs", body={"head_sha": HEAD, **CHECK})

    assert (status, json.loads(text)["message"]) == (403, "You must authenticate via a GitHub App.")


@pytest.mark.parametrize(
    "output",
    [
        {"title": "", "summary": ""},
        {"title": "pass", "summary": "x" * 65_536},
        {"title": "pass", "summary": "", "annotations": [ANNOTATION] * 51},
        {"title": "pass", "summary": "", "annotations": [{**ANNOTATION, "start_line": 0}]},
    ],
)
def test_a_check_run_over_githubs_limits_is_invalid(github: FakeGitHub, output: object) -> None:
    body = {"head_sha": HEAD, **CHECK, "output": output}

    assert call(github, "POST", "/repos/acme/churn/check-runs", token=APP, body=body)[0] == 422


def test_an_unknown_token_is_refused(github: FakeGitHub) -> None:
    assert call(github, "GET", "/repos/acme/churn", token="stolen")[0] == 401
