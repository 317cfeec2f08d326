"""How the fake GitHub answers each call of its API, by account and permission."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes import github_shapes as shapes
from tests.fakes.github_deployments import DEPLOYMENT_ROUTES, query_deployments
from tests.fakes.github_dispatches import DISPATCH_ROUTES
from tests.fakes.github_git import GIT_ROUTES
from tests.fakes.github_issues import ISSUE_ROUTES
from tests.fakes.github_people import PEOPLE_ROUTES
from tests.fakes.github_settings import SETTINGS_ROUTES
from tests.fakes.github_shapes import Json

if TYPE_CHECKING:
    from tests.fakes.github import FakeGitHub

BODY_LIMIT = 65536
WRITE_ALL = frozenset(
    {
        "pull-requests: write",
        "issues: write",
        "statuses: write",
        "checks: write",
        "contents: write",
        "deployments: write",
    }
)
PER_PAGE_LIMIT = 100
SUMMARY_LIMIT = 65535
ANNOTATION_LIMIT = 50
CONCLUSIONS = frozenset({"success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"})


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose token it is and what it may do; a workflow's own token may not ask `/user`, and can be one job's alone."""

    login: str
    job: str = ""
    permissions: frozenset[str] = WRITE_ALL
    is_app: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent back."""

    status: int
    value: object = None
    headers: dict[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """An answer that ends a request early."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status=status, value={"message": message, "documentation_url": "https://docs.github.test"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request; `account` is None where the token is unknown."""

    github: "FakeGitHub"
    account: Account | None
    method: str
    path: str
    query: dict[str, str]
    body: bytes

    def text(self, key: str) -> str:
        """A text of the body; 422 as GitHub says it where it is missing or too long."""
        value = json.loads(self.body).get(key)
        if not isinstance(value, str) or not value:
            raise RefusalError(422, "Validation Failed")
        if len(value) > BODY_LIMIT:
            raise RefusalError(422, f"{key.capitalize()} is too long (maximum is {BODY_LIMIT} characters)")
        return value

    def require_write(self, account: Account) -> None:
        """Refuse who may not change the repository's content."""
        _require(account, "contents: write")

    @property
    def sent(self) -> dict[str, Any]:
        """The body as an object; 400 where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise RefusalError(400, "Problems parsing JSON") from None
        if not isinstance(value, dict):
            raise RefusalError(422, "Invalid request.")
        return value

    def require(self, permission: str) -> None:
        """Refuse a token without a permission."""
        if self.account is not None:
            _require(self.account, permission)

    def page(self, entries: Sequence[Json], show: Callable[[str, str, Json], Json]) -> "Answer":
        """The page of a list that is asked for, each entry in its shape, with a link to the next."""
        size = min(int(self.query.get("per_page", "30")), PER_PAGE_LIMIT)
        page = int(self.query.get("page", "1"))
        link = f'<{self.github.url}{self.path}?per_page={size}&page={page + 1}>; rel="next"'
        headers = {"link": link} if page * size < len(entries) else {}
        shown = entries[(page - 1) * size : page * size]
        value = [show(self.github.url, self.github.repository, entry) for entry in shown]
        return Answer(status=200, value=value, headers=headers)

    @staticmethod
    def reply(status: int, value: object) -> "Answer":
        """An answer."""
        return Answer(status=status, value=value)

    @staticmethod
    def refusal(status: int, message: str) -> RefusalError:
        """An answer that says no."""
        return RefusalError(status, message)


def answer(call: Call) -> Answer:
    """What GitHub would say."""
    try:
        return _respond(call)
    except RefusalError as refusal:
        return refusal.answer


def _respond(call: Call) -> Answer:
    if call.account is None:
        raise RefusalError(401, "Bad credentials")
    if call.github.archived and call.method != "GET" and call.path != "/graphql":
        raise RefusalError(403, "Repository was archived so is read-only.")
    for method, pattern, respond in ROUTES:
        if method == call.method and (found := re.fullmatch(pattern, call.path)):
            return respond(call, call.account, found)
    raise RefusalError(404, "Not Found")


def _require(account: Account, permission: str) -> None:
    if permission not in account.permissions:
        raise RefusalError(403, "Resource not accessible by integration")


def _pull(call: Call, number: str) -> int:
    if int(number) not in call.github.pulls:
        raise RefusalError(404, "Not Found")
    return int(number)


def _user(call: Call, account: Account, _found: re.Match[str]) -> Answer:
    if account.is_app:
        raise RefusalError(403, "Resource not accessible by integration")
    return Answer(status=200, value=shapes.account(call.github.url, account.login))


def _graphql(call: Call, account: Account, _found: re.Match[str]) -> Answer:
    if "deployments" in call.text("query"):
        return Answer(status=200, value=query_deployments(call))
    if "viewer" not in call.text("query"):
        raise RefusalError(400, "Problems parsing the query")
    return Answer(status=200, value={"data": {"viewer": {"login": account.login}}})


def _repository(call: Call, _account: Account, _found: re.Match[str]) -> Answer:
    shape = shapes.repository(call.github.url, call.github.repository)
    scopes = call.github.settings.scopes
    headers = {} if scopes is None else {"x-oauth-scopes": scopes}
    return Answer(status=200, value={**shape, "private": not call.github.settings.public}, headers=headers)


def _read_pull(call: Call, _account: Account, found: re.Match[str]) -> Answer:
    github = call.github
    wanted = github.pulls[_pull(call, found["number"])]
    return Answer(status=200, value=shapes.pull_request(github.url, github.repository, wanted))


def _list_comments(call: Call, _account: Account, found: re.Match[str]) -> Answer:
    github, number = call.github, _pull(call, found["number"])
    there = [entry for _, entry in sorted(github.comments.items()) if entry["number"] == number]
    return call.page(there, shapes.comment)


def _check_unlocked(call: Call, number: object) -> None:
    if call.github.pulls[int(str(number))].get("locked"):
        raise RefusalError(403, "Unable to create comment because issue is locked.")


def _create_comment(call: Call, account: Account, found: re.Match[str]) -> Answer:
    _require(account, "pull-requests: write")
    github = call.github
    _check_unlocked(call, _pull(call, found["number"]))
    identity = github.add_comment(_pull(call, found["number"]), call.text("body"), author=account.login)
    return Answer(status=201, value=shapes.comment(github.url, github.repository, github.comments[identity]))


def _change_comment(call: Call, account: Account, found: re.Match[str]) -> Answer:
    entry = _own_comment(call, account, found)
    if call.method == "DELETE":
        del call.github.comments[int(found["id"])]
        return Answer(status=204)
    entry["body"] = call.text("body")
    return Answer(status=200, value=shapes.comment(call.github.url, call.github.repository, entry))


def _own_comment(call: Call, account: Account, found: re.Match[str]) -> Json:
    _require(account, "pull-requests: write")
    entry = call.github.comments.get(int(found["id"]))
    if entry is None:
        raise RefusalError(404, "Not Found")
    _check_unlocked(call, entry["number"])
    return entry


def _create_status(call: Call, account: Account, found: re.Match[str]) -> Answer:
    _require(account, "statuses: write")
    github = call.github
    sent: dict[str, Any] = json.loads(call.body)
    if sent.get("state") not in {"error", "failure", "pending", "success"} or len(sent.get("description") or "") > 140:
        raise RefusalError(422, "Validation Failed")
    entry: Json = {
        "id": len(github.statuses) + 1, "sha": found["sha"], "state": sent["state"],
        "context": sent.get("context", "default"), "description": sent.get("description"),
        "target_url": sent.get("target_url"), "creator": account.login,
    }  # fmt: skip
    github.statuses.append(entry)
    return Answer(status=201, value=shapes.status(github.url, github.repository, entry))


def _list_pulls(call: Call, _account: Account, _found: re.Match[str]) -> Answer:
    """Open ones of a branch, as `head=owner:branch` and `base=branch` ask."""
    owner, _, branch = call.query.get("head", "").partition(":")
    return _pulls(
        call,
        lambda wanted: (
            wanted["state"] == "open"
            and wanted["head_branch"] == branch
            and call.query.get("base", wanted["base_branch"]) == wanted["base_branch"]
            and str(wanted["head_repository"]).partition("/")[0] == owner
        ),
    )


def _pulls_of_commit(call: Call, _account: Account, found: re.Match[str]) -> Answer:
    return _pulls(call, lambda wanted: found["sha"] in {wanted["head"], *wanted["commits"]})


def _pulls(call: Call, fits: Callable[[dict[str, Any]], bool]) -> Answer:
    github = call.github
    there = [wanted for _, wanted in sorted(github.pulls.items()) if fits(wanted)]
    return Answer(status=200, value=[shapes.pull_request(github.url, github.repository, wanted) for wanted in there])


def _read_permission(call: Call, _account: Account, found: re.Match[str]) -> Answer:
    if found["login"] not in call.github.roles:
        raise RefusalError(404, f"{found['login']} is not a user")
    login = found["login"]
    return Answer(status=200, value=shapes.permission(call.github.url, login, call.github.roles[login]))


def _list_checks(call: Call, _account: Account, found: re.Match[str]) -> Answer:
    """The latest of each name, as `filter=latest` (the default) says."""
    github = call.github
    latest = {
        run["name"]: run
        for _, run in sorted(github.check_runs.items())
        if run["head_sha"] == found["sha"] and call.query.get("check_name", run["name"]) == run["name"]
    }
    shown = [shapes.check_run(github.url, github.repository, run) for run in latest.values()]
    return Answer(status=200, value={"total_count": len(shown), "check_runs": shown})


def _create_check(call: Call, account: Account, _found: re.Match[str]) -> Answer:
    sent = _check_body(call, account)
    if not re.fullmatch("[0-9a-f]{40}", str(sent.get("head_sha"))):
        raise RefusalError(422, "No commit found for SHA")
    run = {**sent, "id": call.github.new_id(), "annotations": sent["output"]["annotations"]}
    call.github.check_runs[run["id"]] = run
    return Answer(status=201, value=shapes.check_run(call.github.url, call.github.repository, run))


def _change_check(call: Call, account: Account, found: re.Match[str]) -> Answer:
    sent = _check_body(call, account)
    run = call.github.check_runs.get(int(found["id"]))
    if run is None:
        raise RefusalError(404, "Not Found")
    run.update(sent, annotations=[*run["annotations"], *sent["output"]["annotations"]])
    return Answer(status=200, value=shapes.check_run(call.github.url, call.github.repository, run))


def _check_body(call: Call, account: Account) -> dict[str, Any]:
    """What was sent, with GitHub's own limits."""
    if not account.is_app:
        raise RefusalError(403, "You must authenticate via a GitHub App.")
    _require(account, "checks: write")
    sent: dict[str, Any] = json.loads(call.body)
    output = sent.get("output", {})
    annotations = output.setdefault("annotations", [])
    wrong = [
        not sent.get("name"),
        sent.get("status") not in {"queued", "in_progress", "completed"},
        (sent.get("status") == "completed") != (sent.get("conclusion") in CONCLUSIONS),
        not output.get("title"),
        len(output.get("summary") or "") > SUMMARY_LIMIT,
        len(annotations) > ANNOTATION_LIMIT,
        not all(_is_annotation(found) for found in annotations),
    ]
    if any(wrong):
        raise RefusalError(422, "Invalid request.")
    return sent


def _is_annotation(found: dict[str, Any]) -> bool:
    return (
        bool(found.get("path") and found.get("message"))
        and found.get("annotation_level") in {"notice", "warning", "failure"}
        and isinstance(found.get("start_line"), int)
        and 0 < found["start_line"] <= found.get("end_line", 0)
    )


def _read_ref(call: Call, _account: Account, found: re.Match[str]) -> Answer:
    github = call.github
    if found["name"] not in github.refs:
        raise RefusalError(404, "Not Found")
    return Answer(
        status=200, value=shapes.ref(github.url, github.repository, f"refs/{found['name']}", github.refs[found["name"]])
    )


def _through(respond: Callable[[Call, Account, re.Match[str]], tuple[int, object]]) -> "Responder":
    """A responder of the Git Data API, which answers a status and a value."""

    def whole(call: Call, account: Account, found: re.Match[str]) -> Answer:
        status, value = respond(call, account, found)
        return Answer(status=status, value=value)

    return whole


Responder = Callable[[Call, Account, re.Match[str]], Answer]
_REPO = r"/repos/[^/]+/[^/]+"
ROUTES: tuple[tuple[str, str, Responder], ...] = (
    ("GET", "/user", _user),
    ("POST", "/graphql", _graphql),
    ("GET", _REPO, _repository),
    ("GET", _REPO + r"/pulls/(?P<number>\d+)", _read_pull),
    ("GET", _REPO + r"/issues/(?P<number>\d+)/comments", _list_comments),
    ("POST", _REPO + r"/issues/(?P<number>\d+)/comments", _create_comment),
    ("PATCH", _REPO + r"/issues/comments/(?P<id>\d+)", _change_comment),
    ("DELETE", _REPO + r"/issues/comments/(?P<id>\d+)", _change_comment),
    ("GET", _REPO + r"/pulls", _list_pulls),
    ("GET", _REPO + r"/commits/(?P<sha>[0-9a-f]{40})/pulls", _pulls_of_commit),
    ("GET", _REPO + r"/collaborators/(?P<login>[^/]+)/permission", _read_permission),
    ("GET", _REPO + r"/commits/(?P<sha>[0-9a-f]{40})/check-runs", _list_checks),
    ("POST", _REPO + r"/check-runs", _create_check),
    ("PATCH", _REPO + r"/check-runs/(?P<id>\d+)", _change_check),
    ("POST", _REPO + r"/statuses/(?P<sha>[0-9a-f]{40})", _create_status),
    ("GET", _REPO + r"/git/ref/(?P<name>.+)", _read_ref),
    *((method, pattern, _through(respond)) for method, pattern, respond in GIT_ROUTES),
    *(
        (method, _REPO + pattern, respond)
        for method, pattern, respond in (
            *DEPLOYMENT_ROUTES,
            *DISPATCH_ROUTES,
            *ISSUE_ROUTES,
            *PEOPLE_ROUTES,
            *SETTINGS_ROUTES,
        )
    ),
)
