"""The Issues port over GitHub's API."""

from mlops_kit.adapters.github.forge import APP_TOKEN, GitHubForge
from mlops_kit.adapters.github.pages import read_pages
from mlops_kit.adapters.github.session import PAGE_SIZE, open_transport
from mlops_kit.adapters.github.transport import Patience, Repeat, Request, Transport
from mlops_kit.core.errors import ConflictError, RefusedError
from mlops_kit.core.forge import Issue
from mlops_kit.core.review.event import Field

_READ, _WRITE = "issues: read", "issues: write"


def connect_issues(repository: str, *, api_url: str, token: str, patience: Patience | None = None) -> "GitHubIssues":
    """The issues of `owner/name`; InputError where the name or the address cannot be one."""
    transport = open_transport(repository, api_url=api_url, token=token, patience=patience)
    return GitHubIssues(repository, transport, GitHubForge(repository, transport, is_app=token.startswith(APP_TOKEN)))


class GitHubIssues:
    """One repository's issues."""

    def __init__(self, repository: str, transport: Transport, forge: GitHubForge) -> None:
        self._home = f"/repos/{repository}/issues"
        self._transport = transport
        self._forge = forge

    def list_own_issues(self) -> tuple[Issue, ...]:
        """Those that are open and of the token's account; GitHub lists pull requests among them."""
        login = self._forge.read_login()
        request = Request(
            verb="GET",
            path=self._home,
            permission=_READ,
            query={"state": "open", "creator": login, "per_page": PAGE_SIZE},
            missing=RefusedError,
        )
        found = read_pages(self._transport, request, _read)
        return tuple(sorted(issue for issue in found if issue is not None and issue.author == login))

    def create_issue(self, title: str, body: str) -> None:
        """Open an issue; sent once, and its answer is not believed."""
        self._send(Request(
            verb="POST",
            path=self._home,
            permission=_WRITE,
            body={"title": title, "body": body},
            repeat=Repeat.NEVER,
            missing=RefusedError,
        ))  # fmt: skip

    def update_issue(self, issue: Issue, *, title: str, body: str) -> None:
        """Replace title and text."""
        self._change(issue, {"title": title, "body": body})

    def close_issue(self, issue: Issue, *, as_duplicate: bool = False) -> None:
        """Close it; `duplicate` is a word that older servers do not know."""
        try:
            self._change(issue, {"state": "closed", "state_reason": "not_planned" if as_duplicate else "completed"})
        except ConflictError:
            return

    def _change(self, issue: Issue, body: dict[str, str]) -> None:
        self._send(Request(verb="PATCH", path=f"{self._home}/{issue.number}", permission=_WRITE, body=body))

    def _send(self, request: Request) -> None:
        self._transport.send(request, lambda _reply: None)


def _read(entry: Field) -> Issue | None:
    """An issue, None where it is a pull request."""
    if entry.at("pull_request").value is not None:
        return None
    user, body = entry.at("user"), entry.at("body")
    return Issue(
        number=entry.at("number").positive_number(),
        author="" if user.value is None else user.at("login").text(),
        title=entry.at("title").text(),
        body=body.value if isinstance(body.value, str) else "",
        url=entry.at("html_url").text(),
    )
