"""The Forge port over one GitHub repository: comments, checks, pull requests, permissions.

Every answer is checked for shape before it is believed. How requests are sent and repeated is transport.py's matter.
"""

import re
from collections.abc import Mapping

from mlops_kit.adapters.github import checks
from mlops_kit.adapters.github.pages import document_of, read_pages
from mlops_kit.adapters.github.people import read_approver, read_review
from mlops_kit.adapters.github.session import PAGE_SIZE, open_transport
from mlops_kit.adapters.github.transport import Patience, Repeat, Reply, Request, Transport
from mlops_kit.core.errors import ConflictError, InputError, KitError, OutsideError, PassingError, RefusedError
from mlops_kit.core.forge import Branch, CheckRun, Comment, CommitStatus, Permission, PersonReview, PullRequest
from mlops_kit.core.review.event import Field, read_pull_request
from mlops_kit.core.types import CommitSha, EnvironmentName

APP_TOKEN = "ghs_"  # noqa: S105 - how tokens of apps begin, a workflow's own among them
ACTIONS_LOGIN = "github-actions[bot]"
DESCRIPTION_LIMIT = 140
COMMENT_ID_LIMIT = 2**63

_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def connect(repository: str, *, api_url: str, token: str, patience: Patience | None = None) -> "GitHubForge":
    """A forge for `owner/name`; InputError where the name or the address cannot be one."""
    transport = open_transport(repository, api_url=api_url, token=token, patience=patience)
    return GitHubForge(repository, transport, is_app=token.startswith(APP_TOKEN))


class GitHubForge:
    """One repository on GitHub."""

    def __init__(self, repository: str, transport: Transport, *, is_app: bool = False) -> None:
        self._repository = repository
        self._home = f"/repos/{repository}"
        self._transport = transport
        self._is_app = is_app
        self._login = ""

    def read_login(self) -> str:
        """The name under which the token writes, asked once; an app's token may not ask `/user`."""
        if not self._login:
            self._login = self._read_viewer() if self._is_app else self._read_user()
        return self._login

    def read_pull_request(self, number: int) -> PullRequest:
        """The pull request; InputError where there is none of that number."""
        request = Request(
            verb="GET",
            path=f"{self._home}/pulls/{number}",
            permission="pull-requests: read",
            missing=InputError,
        )
        return self._transport.send(request, lambda reply: read_pull_request(document_of(reply, request)))

    def find_pull_requests(self, commit: CommitSha) -> tuple[PullRequest, ...]:
        """The pull requests that have the commit, and the merged one that brought it, by number."""
        return self._list_pull_requests(f"{self._home}/commits/{commit}/pulls", {"per_page": PAGE_SIZE})

    def find_branch_pull_requests(self, branch: Branch) -> tuple[PullRequest, ...]:
        """The open pull requests of a branch of this repository or a fork, by number."""
        owner = branch.repository.partition("/")[0]
        query = {"state": "open", "head": f"{owner}:{branch.name}", "per_page": PAGE_SIZE}
        found = self._list_pull_requests(f"{self._home}/pulls", query)
        return tuple(
            pull_request
            for pull_request in found
            if (pull_request.head_repository, pull_request.head_branch) == (branch.repository, branch.name)
        )

    def list_reviews(self, number: int) -> tuple[PersonReview, ...]:
        """People's reviews of a pull request that were submitted, the oldest first."""
        request = Request(
            verb="GET",
            path=f"{self._home}/pulls/{number}/reviews",
            permission="pull-requests: read",
            missing=InputError,
        )
        return tuple(review for review in read_pages(self._transport, request, read_review) if review)

    def list_run_approvals(self, run_id: int, environment: EnvironmentName) -> tuple[str, ...]:
        """Who approved that a workflow run deploys to a guarded environment, by login, sorted."""
        request = Request(
            verb="GET",
            path=f"{self._home}/actions/runs/{run_id}/approvals",
            permission="actions: read",
            missing=InputError,
        )
        found = read_pages(self._transport, request, lambda entry: read_approver(entry, environment))
        return tuple(sorted({login for login in found if login}))

    def open_pull_request(self, head: str, base: str, *, title: str, body: str) -> PullRequest:
        """The open pull request of a branch into another; sent once, and looked for before and after."""
        if found := self._find_open(head, base):
            return found
        obstacle = self._try_open({"head": head, "base": base, "title": title, "body": body})
        if found := self._find_open(head, base):
            return found
        raise obstacle or OutsideError(f"the pull request of {head} does not appear", hint="run it again")

    def read_permission(self, login: str) -> Permission:
        """What an account may do here; NONE where it is unknown. GitHub counts `maintain` as write."""
        if not _LOGIN.fullmatch(login):
            return Permission.NONE
        request = Request(
            verb="GET",
            path=f"{self._home}/collaborators/{login}/permission",
            permission="metadata: read",
        )
        try:
            return self._transport.send(request, lambda reply: _permission(document_of(reply, request)))
        except ConflictError:
            return Permission.NONE

    def list_comments(self, number: int) -> tuple[Comment, ...]:
        """All comments of a pull request, by id; read page by page to the end."""
        request = Request(
            verb="GET",
            path=f"{self._home}/issues/{number}/comments",
            permission="pull-requests: read",
            missing=InputError,
        )
        return tuple(sorted(read_pages(self._transport, request, _comment)))

    def create_comment(self, number: int, body: str) -> None:
        """Add a comment; sent once, and its answer is not believed."""
        self._write(
            Request(
                verb="POST",
                path=f"{self._home}/issues/{number}/comments",
                permission="pull-requests: write",
                body={"body": body},
                repeat=Repeat.NEVER,
                missing=RefusedError,
            )
        )

    def close_pull_request(self, number: int) -> None:
        """Close a pull request without merging it; one that is closed already is fine."""
        self._write(
            Request(
                verb="PATCH",
                path=f"{self._home}/pulls/{number}",
                permission="pull-requests: write",
                body={"state": "closed"},
                missing=InputError,
            )
        )

    def update_comment(self, comment: Comment, body: str) -> None:
        """Replace a comment's text; ConflictError where it was deleted meanwhile."""
        self._write(
            Request(
                verb="PATCH",
                path=f"{self._home}/issues/comments/{comment.id}",
                permission="pull-requests: write",
                body={"body": body},
            )
        )

    def delete_comment(self, comment: Comment) -> None:
        """Remove a comment; one that is gone already is fine."""
        path = f"{self._home}/issues/comments/{comment.id}"
        try:
            self._write(Request(verb="DELETE", path=path, permission="pull-requests: write"))
        except ConflictError:
            return

    def set_commit_status(self, commit: CommitSha, status: CommitStatus) -> None:
        """Set one check of a commit; sent once, and setting it again does no harm."""
        body = {
            "context": status.context,
            "state": status.state.value,
            "description": status.description[:DESCRIPTION_LIMIT],
            **({"target_url": status.link} if status.link else {}),
        }
        self._write(
            Request(
                verb="POST",
                path=f"{self._home}/statuses/{commit}",
                permission="statuses: write",
                body=body,
                repeat=Repeat.NEVER,
                missing=RefusedError,
            )
        )

    def set_check_run(self, commit: CommitSha, check: CheckRun) -> None:
        """Set the check run of its name; nothing is written where it says that already.

        One that is over stays and gets a successor, for annotations can only be added to it.
        """
        known = self._find_check_run(commit, check.name)
        same = known is not None and known.digest == checks.digest(check)
        identity = known.id if known and (same or not known.is_over) else 0
        for position, annotations in enumerate(checks.batches(check)):
            if known and same and position < known.sent:
                continue
            body = checks.body(check, position, annotations)
            identity = self._send_check_run(body if identity else {**body, "head_sha": commit}, identity)

    def _find_check_run(self, commit: CommitSha, name: str) -> checks.Known | None:
        request = Request(
            verb="GET",
            path=f"{self._home}/commits/{commit}/check-runs",
            permission="checks: read",
            query={"check_name": name, "per_page": PAGE_SIZE},
            missing=RefusedError,
        )
        return self._transport.send(request, lambda reply: checks.read_known(document_of(reply, request)))

    def _send_check_run(self, body: Mapping[str, object], identity: int) -> int:
        """Change the check run of that id, or make one where the id is 0; its id. Sent once."""
        request = Request(
            verb="PATCH" if identity else "POST",
            path=f"{self._home}/check-runs" + (f"/{identity}" if identity else ""),
            permission="checks: write",
            body=body,
            repeat=Repeat.NEVER,
            missing=RefusedError,
        )
        return self._transport.send(request, lambda reply: checks.read_id(document_of(reply, request)))

    def _list_pull_requests(self, path: str, query: Mapping[str, object]) -> tuple[PullRequest, ...]:
        request = Request(verb="GET", path=path, permission="pull-requests: read", query=query, missing=InputError)

        def read(reply: Reply) -> tuple[PullRequest, ...]:
            found = (read_pull_request(entry) for entry in document_of(reply, request).entries())
            return tuple(sorted(found, key=lambda pull_request: pull_request.number))

        return self._transport.send(request, read)

    def _find_open(self, head: str, base: str) -> PullRequest | None:
        """The open pull request with the lowest number that leads from one branch of this repository to another."""
        query = {"state": "open", "head": f"{self._repository.partition('/')[0]}:{head}", "base": base}
        found = self._list_pull_requests(f"{self._home}/pulls", {**query, "per_page": PAGE_SIZE})
        ours = (one for one in found if (one.head_branch, one.base_branch, one.is_fork) == (head, base, False))
        return next(ours, None)

    def _try_open(self, body: Mapping[str, str]) -> KitError | None:
        """Ask for a pull request; a failure that the next look can judge is handed back, not raised."""
        request = Request(
            verb="POST",
            path=f"{self._home}/pulls",
            permission="pull-requests: write",
            body=body,
            repeat=Repeat.NEVER,
            missing=RefusedError,
        )
        try:
            self._write(request)
        except (InputError, PassingError) as obstacle:
            return obstacle
        return None

    def _write(self, request: Request) -> None:
        self._transport.send(request, lambda _reply: None)

    def _read_user(self) -> str:
        request = Request(verb="GET", path="/user", permission="none")
        try:
            return self._transport.send(request, lambda reply: document_of(reply, request).at("login").text())
        except (RefusedError, ConflictError):
            return self._read_viewer()

    def _read_viewer(self) -> str:
        """Ask GraphQL, which answers a workflow's token too; that token's name where it does not."""
        request = Request(
            verb="POST",
            path=self._transport.graphql_url,
            permission="none",
            body={"query": "query { viewer { login } }"},
        )
        try:
            return self._transport.send(
                request, lambda reply: document_of(reply, request).at("data").at("viewer").at("login").text()
            )
        except (RefusedError, ConflictError, InputError):
            return ACTIONS_LOGIN


def _permission(document: Field) -> Permission:
    field = document.at("permission")
    try:
        return Permission(field.text())
    except ValueError as error:
        raise field.error("expected a permission") from error


def _comment(entry: Field) -> Comment:
    """A comment; its author is empty where the account is gone."""
    user = entry.at("user")
    body = entry.at("body")
    if body.value is not None and not isinstance(body.value, str):
        raise body.error("expected text")
    return Comment(
        id=entry.at("id").positive_number(limit=COMMENT_ID_LIMIT),
        author="" if user.value is None else user.at("login").text(),
        body=body.value or "",
        url=entry.at("html_url").text(),
    )
