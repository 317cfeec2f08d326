"""The fake GitHub answers what GitHub's own schema says."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from githubkit_schemas.latest import models
from pydantic import TypeAdapter

from tests.fakes.github import FakeGitHub
from tests.fakes.github_git import Commit, TreeEntry
from tests.fakes.github_routes import Account
from tests.fakes.github_shapes import Json

HEAD = "a" * 40
GIT = "/repos/acme/churn/git"
FILE = {"path": "a", "mode": "100644", "type": "blob"}
MAKER: Json = {"name": "kit", "email": "kit@localhost", "date": "2020-01-01T00:00:00Z"}
BLOB = "950ddbbd87f70356e400dbd9eb234b9447dfccab"
TREE = "1d0303c3a03cc5645670ee720c2fc567b5432407"
COMMIT = "2143d71082b1b18b5fc019aef124034550d811da"
"""What git itself names them."""
PERSON, APP = "token-of-a-person", "token-of-a-workflow"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts = {PERSON: Account(login="octocat", is_app=False), APP: Account(login="github-actions[bot]")}
    fake.add_pull_request(7, head=HEAD, labels=["accepted"])
    fake.add_pull_request(8, head_repository=None)
    fake.add_issue(70, title="t", body="b", author="ada")
    fake.add_issue(71, title="t", body="b", author="ada", is_pull_request=True)
    fake.add_comment(7, "hello", author="octocat")
    fake.add_comment(7, "gone", author=None)
    fake.run_approvals[11] = [{"environments": ["production"], "state": "approved", "author": "ada"}]
    fake.refs["heads/main"] = HEAD
    fake.roles["ada"] = "maintain"
    fake.check_runs[fake.new_id()] = {"head_sha": HEAD, **CHECK, "annotations": [], "id": 3}
    fake.add_review(7, "APPROVED", author="ada")
    fake.add_review(7, "DISMISSED", author=None, commit=None)
    fake.add_deployment("dev", id=90)
    fake.deployment_statuses[91] = {
        "id": 91, "deployment": 90, "state": "in_progress", "description": "", "environment": "dev",
        "environment_url": "", "log_url": "", "creator": "ada",
    }  # fmt: skip
    tree = fake.objects.add_tree({"a.svg": TreeEntry(mode="100644", kind="blob", sha=fake.objects.add_blob(b"<svg/>"))})
    fake.objects.add_commit(Commit(tree=tree, parents=(), message="first", author=MAKER, committer=MAKER))
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
DEPLOYMENT = {
    "ref": HEAD, "environment": "dev", "task": "promote:churn", "auto_merge": False, "required_contexts": [],
    "payload": {"seq": 1}, "description": "d",
}  # fmt: skip
OPENED = {"head": "new", "base": "main", "title": "t", "body": "b"}
ANSWERS = [
    ("GET", "/user", None, models.PublicUser),
    ("GET", "/repos/acme/churn", None, models.FullRepository),
    ("GET", "/repos/acme/churn/pulls/7", None, models.PullRequest),
    ("GET", "/repos/acme/churn/pulls/8", None, models.PullRequest),
    ("GET", "/repos/acme/churn/issues/7/comments", None, list[models.IssueComment]),
    ("POST", "/repos/acme/churn/issues/7/comments", {"body": "new"}, models.IssueComment),
    ("PATCH", "/repos/acme/churn/pulls/7", {"state": "closed"}, models.PullRequest),
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
    ("GET", "/repos/acme/churn/issues?state=open", None, list[models.Issue]),
    ("POST", "/repos/acme/churn/issues", {"title": "t", "body": "b"}, models.Issue),
    ("PATCH", "/repos/acme/churn/issues/70", {"state": "closed", "state_reason": "completed"}, models.Issue),
    ("GET", "/repos/acme/churn/pulls/7/reviews", None, list[models.PullRequestReview]),
    ("GET", "/repos/acme/churn/actions/runs/11/approvals", None, list[models.EnvironmentApprovals]),
    ("POST", "/repos/acme/churn/pulls", OPENED, models.PullRequest),
    ("POST", "/repos/acme/churn/deployments", DEPLOYMENT, models.Deployment),
    ("GET", "/repos/acme/churn/deployments?environment=dev", None, list[models.Deployment]),
    ("POST", "/repos/acme/churn/deployments/90/statuses", {"state": "success"}, models.DeploymentStatus),
    ("GET", "/repos/acme/churn/deployments/90/statuses", None, list[models.DeploymentStatus]),
    ("GET", "/repos/acme/churn/git/ref/heads/main", None, models.GitRef),
    ("GET", f"{GIT}/matching-refs/heads/ma", None, list[models.GitRef]),
    ("GET", f"{GIT}/commits/{COMMIT}", None, models.GitCommit),
    ("GET", f"{GIT}/trees/{TREE}", None, models.GitTree),
    ("POST", f"{GIT}/blobs", {"content": "AAEC", "encoding": "base64"}, models.ShortBlob),
    ("POST", f"{GIT}/trees", {"tree": [{**FILE, "content": "x"}, {**FILE, "path": "b", "sha": BLOB}]}, models.GitTree),
    ("POST", f"{GIT}/commits", {"message": "m", "tree": TREE, "parents": [COMMIT]}, models.GitCommit),
    ("POST", f"{GIT}/refs", {"ref": "refs/heads/new", "sha": COMMIT}, models.GitRef),
    ("PATCH", f"{GIT}/refs/heads/main", {"sha": COMMIT, "force": True}, models.GitRef),
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


REFUSED = [
    ("POST", f"{GIT}/blobs", {"content": "?", "encoding": "base64"}, "content is not valid Base64"),
    ("POST", f"{GIT}/trees", {"tree": []}, "Invalid tree info"),
    ("POST", f"{GIT}/trees", {"tree": [{**FILE, "sha": "0" * 40}]}, "tree.sha is not a valid blob or tree"),
    ("POST", f"{GIT}/commits", {"message": "m", "tree": "0" * 40}, "Tree SHA does not exist"),
    ("POST", f"{GIT}/refs", {"ref": "refs/heads/new", "sha": "0" * 40}, "Object does not exist"),
    ("POST", f"{GIT}/refs", {"ref": "refs/heads/main", "sha": COMMIT}, "Reference already exists"),
    ("POST", f"{GIT}/refs", {"ref": "main", "sha": COMMIT}, "Reference name must start with 'refs/'"),
    ("PATCH", f"{GIT}/refs/heads/gone", {"sha": COMMIT, "force": True}, "Reference does not exist"),
    ("PATCH", f"{GIT}/refs/heads/main", {"sha": COMMIT}, "Update is not a fast forward"),
    ("DELETE", f"{GIT}/refs/heads/gone", None, "Reference does not exist"),
]


@pytest.mark.parametrize(("method", "path", "body", "message"), REFUSED, ids=lambda value: str(value)[:60])
def test_git_objects_are_refused_as_github_does(
    github: FakeGitHub, method: str, path: str, body: object, message: str
) -> None:
    status, text = call(github, method, path, body=body)

    assert status == 422
    assert message in json.loads(text)["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"), [entry[:3] for entry in REFUSED], ids=lambda value: str(value)[:60]
)
def test_who_may_not_write_contents_makes_no_git_object(
    github: FakeGitHub, method: str, path: str, body: object
) -> None:
    github.accounts[APP] = Account(login="github-actions[bot]", permissions=frozenset({"pull-requests: write"}))

    assert call(github, method, path, token=APP, body=body)[0] == 403


def test_an_archived_repository_can_only_be_read(github: FakeGitHub) -> None:
    github.archived = True

    assert call(github, "POST", "/repos/acme/churn/issues/7/comments", body={"body": "new"})[0] == 403
    assert call(github, "GET", "/repos/acme/churn/pulls/7")[0] == 200


def test_nobody_comments_on_a_locked_pull_request(github: FakeGitHub) -> None:
    github.add_pull_request(7, locked=True)

    assert call(github, "POST", "/repos/acme/churn/issues/7/comments", body={"body": "new"})[0] == 403
    assert call(github, "PATCH", "/repos/acme/churn/issues/comments/1", body={"body": "new"})[0] == 403


def test_a_deployment_waits_for_no_merge_and_no_check_only_where_that_is_said(github: FakeGitHub) -> None:
    path = "/repos/acme/churn/deployments"

    assert call(github, "POST", path, body={**DEPLOYMENT, "auto_merge": True})[0] == 409
    assert call(github, "POST", path, body={**DEPLOYMENT, "required_contexts": ["ci"]})[0] == 409
    assert call(github, "POST", path, body={**DEPLOYMENT, "ref": "main"})[0] == 422


def test_a_success_retires_older_deployments_but_those_of_production(github: FakeGitHub) -> None:
    older = github.add_deployment("dev")
    kept = github.add_deployment("dev", production_environment=True)
    job = github.add_deployment("dev")

    assert call(github, "POST", f"/repos/acme/churn/deployments/{job}/statuses", body={"state": "success"})[0] == 201

    assert [github.last_state(one) for one in (older, kept, job)] == ["inactive", "pending", "success"]


def test_a_second_pull_request_of_the_same_branches_is_invalid(github: FakeGitHub) -> None:
    assert call(github, "POST", "/repos/acme/churn/pulls", body=OPENED)[0] == 201
    assert call(github, "POST", "/repos/acme/churn/pulls", body=OPENED)[0] == 422
