"""The Forge port over one GitHub repository: comments, commit statuses, pull requests.

Every answer is checked for shape before it is believed. How requests are sent and repeated is transport.py's matter.
"""

import re
from urllib.parse import parse_qs, urlsplit

from mlops_kit.adapters.github.session import PAGE_SIZE, open_transport
from mlops_kit.adapters.github.transport import Patience, Repeat, Reply, Request, Transport
from mlops_kit.core.errors import ConflictError, InputError, OutsideError, RefusedError
from mlops_kit.core.forge import Comment, CommitStatus, PullRequest
from mlops_kit.core.review.event import Field, read_pull_request
from mlops_kit.core.types import CommitSha

ACTIONS_LOGIN = "github-actions[bot]"
PAGE_LIMIT = 100
DESCRIPTION_LIMIT = 140
COMMENT_ID_LIMIT = 2**63

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


def connect(repository: str, *, api_url: str, token: str, patience: Patience | None = None) -> "GitHubForge":
    """A forge for `owner/name`; InputError where the name or the address cannot be one."""
    return GitHubForge(repository, open_transport(repository, api_url=api_url, token=token, patience=patience))


class GitHubForge:
    """One repository on GitHub."""

    def __init__(self, repository: str, transport: Transport) -> None:
        self._home = f"/repos/{repository}"
        self._transport = transport

    def read_login(self) -> str:
        """The name under which the token writes; a workflow's own token may not ask `/user`."""
        request = Request(verb="GET", path="/user", permission="none")
        try:
            return self._transport.send(request, lambda reply: _document(reply, request).at("login").text())
        except (RefusedError, ConflictError):
            return self._read_viewer()

    def read_pull_request(self, number: int) -> PullRequest:
        """The pull request; InputError where there is none of that number."""
        request = Request(
            verb="GET",
            path=f"{self._home}/pulls/{number}",
            permission="pull-requests: read",
            missing=InputError,
        )
        return self._transport.send(request, lambda reply: read_pull_request(_document(reply, request)))

    def list_comments(self, number: int) -> tuple[Comment, ...]:
        """All comments of a pull request, by id; read page by page to the end."""
        comments: list[Comment] = []
        page = 1
        while page:
            found, page = self._read_page(number, page)
            comments.extend(found)
        return tuple(sorted(comments))

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

    def _write(self, request: Request) -> None:
        self._transport.send(request, lambda _reply: None)

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
                request, lambda reply: _document(reply, request).at("data").at("viewer").at("login").text()
            )
        except (RefusedError, ConflictError, InputError):
            return ACTIONS_LOGIN

    def _read_page(self, number: int, page: int) -> tuple[list[Comment], int]:
        """The comments of one page and the number of the next, 0 after the last."""
        request = Request(
            verb="GET",
            path=f"{self._home}/issues/{number}/comments",
            permission="pull-requests: read",
            query={"per_page": PAGE_SIZE, "page": page},
            missing=InputError,
        )

        def read(reply: Reply) -> tuple[list[Comment], int]:
            following = next_page(reply.headers.get("link", ""), page, server=self._transport.server)
            return _comments(_document(reply, request)), following

        return self._transport.send(request, read)


def next_page(link: str, page: int, *, server: str) -> int:
    """The number of the next page that a Link header names, 0 where there is none.

    Only the number is taken from it; OutsideError where it leaves the server, does not go forward, or never ends.
    """
    found = _NEXT.search(link)
    if not found:
        return 0
    target = urlsplit(found[1])
    number = parse_qs(target.query).get("page", [""])[0]
    if f"{target.scheme}://{target.netloc}" != server or number != str(page + 1):
        raise OutsideError("GitHub's link to the next page of comments leads elsewhere")
    if page == PAGE_LIMIT:
        raise OutsideError(f"the pull request has more than {PAGE_LIMIT * PAGE_SIZE} comments")
    return page + 1


def _document(reply: Reply, request: Request) -> Field:
    return Field(value=reply.value, pointer="", file=request.path)


def _comments(document: Field) -> list[Comment]:
    if not isinstance(document.value, list):
        raise document.error("expected a list")
    entries = enumerate(document.value)
    return [_comment(Field(value=entry, pointer=f"/{index}", file=document.file)) for index, entry in entries]


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
