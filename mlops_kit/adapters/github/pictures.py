"""The Pictures port over GitHub's Git Data API: one orphan branch per pull request and report.

The same files always make the same commit, so whatever is sent twice does no harm. Each commit stands alone, so nothing
grows. Which of a comment's addresses are current is not known here.
"""

import base64
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from mlops_kit.adapters.github.session import PAGE_SIZE, open_transport
from mlops_kit.adapters.github.transport import Patience, Reply, Request, Transport, check_address
from mlops_kit.core.errors import ConflictError, InputError, KitError, RefusedError
from mlops_kit.core.review.event import Field
from mlops_kit.core.review.pictures import is_picture_name
from mlops_kit.core.review.sticky import DEFAULT_REPORT_ID
from mlops_kit.core.types import CommitSha

Result = TypeVar("Result")
BRANCHES = "mlops-kit/pictures/"
README = "README.md"

_PERMISSION = "contents: write"
_ABOUT = """\
The plots that mlops-kit shows in a comment on a pull request. This branch is replaced with each report and deleted
when the pull request is closed. Nothing is built or run from it, and nothing here needs to be merged.
"""
_MAKER = {"name": "mlops-kit", "email": "mlops-kit@localhost", "date": "2020-01-01T00:00:00Z"}
"""Always the same, so that the same files make the same commit."""


def connect_pictures(
    repository: str, *, api_url: str, server_url: str, token: str, report_id: str, patience: Patience | None = None
) -> "GitHubPictures":
    """The pictures of one report's comments in `owner/name`; `server_url` may be empty where the API tells it."""
    transport = open_transport(repository, api_url=api_url, token=token, patience=patience)
    site = check_address(server_url) if server_url else web_address(api_url)
    return GitHubPictures(f"{site}/{repository}", transport, repository=repository, report_id=report_id)


def web_address(api_url: str) -> str:
    """Where people find the server whose API is here: github.com, or a GitHub Enterprise of its own."""
    parts = urlsplit(check_address(api_url))
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


class GitHubPictures:
    """One repository's branches of pictures, as one report uses them."""

    def __init__(self, page: str, transport: Transport, *, repository: str, report_id: str) -> None:
        self._page = page
        self._git = f"/repos/{repository}/git"
        self._transport = transport
        self._suffix = "" if report_id == DEFAULT_REPORT_ID else f"-{report_id}"

    def publish(self, number: int, files: Mapping[str, str | bytes]) -> CommitSha:
        """Put the files, by name, in the place of what was there; the commit that holds them. Safe to repeat."""
        entries = [self._entry(name, content) for name, content in sorted({**files, README: _ABOUT}.items())]
        try:
            tree = self._create("trees", {"tree": entries})
            message = f"Show the plots of pull request {number}"
            commit = self._create(
                "commits", {"message": message, "tree": tree, "parents": [], "author": _MAKER, "committer": _MAKER}
            )
            self._point(number, commit)
        except (InputError, ConflictError) as error:
            raise RefusedError(f"GitHub does not take the pictures: {error}") from error
        return commit

    def address(self, commit: CommitSha, name: str) -> str:
        """Where a browser finds a file of a published commit."""
        return f"{self._page}/raw/{commit}/{name}"

    def read_kept(self, number: int) -> CommitSha | None:
        """The commit that the branch points to, None where there is no branch."""
        try:
            return self._read(f"ref/{self._branch(number)}", lambda document: document.at("object").at("sha").commit())
        except ConflictError:
            return None

    def keep(self, number: int, commit: CommitSha) -> None:
        """Point the branch to an earlier commit; ConflictError where that is none of pictures.

        Whoever can write a comment in our name could name any commit: a branch of it might start workflows.
        """
        tree, parents = self._read(
            f"commits/{commit}", lambda document: (document.at("tree").at("sha").commit(), document.at("parents").value)
        )
        if parents != [] or not self._read(f"trees/{tree}", _is_album):
            raise ConflictError(f"commit {commit} does not hold pictures")
        try:
            self._point(number, commit)
        except InputError as error:
            raise ConflictError(f"GitHub does not keep commit {commit}: {error}") from error

    def prune(self, number: int) -> None:
        """Delete the branches of a pull request, of every report; fine where there are none."""
        single = f"heads/{BRANCHES}{number}"
        others = self._read(f"matching-refs/{single}-", _ref_names, query={"per_page": PAGE_SIZE})
        for name in (single, *(name for name in others if name.startswith(f"{single}-"))):
            self._delete(name)

    def _branch(self, number: int) -> str:
        return f"heads/{BRANCHES}{number}{self._suffix}"

    def _entry(self, name: str, content: str | bytes) -> dict[str, str]:
        """A tree's entry: texts travel in the tree itself, other bytes as a blob of their own."""
        entry = {"path": name, "mode": "100644", "type": "blob"}
        if isinstance(content, str):
            return {**entry, "content": content}
        encoded = base64.b64encode(content).decode("ascii")
        return {**entry, "sha": self._create("blobs", {"content": encoded, "encoding": "base64"})}

    def _create(self, kind: str, body: Mapping[str, object]) -> CommitSha:
        """Make an object; its name is its content's hash, so making it twice makes one."""
        request = self._request("POST", kind, body=body, missing=RefusedError)
        return self._transport.send(request, lambda reply: _document(reply, request).at("sha").commit())

    def _point(self, number: int, commit: CommitSha) -> None:
        """Point the branch to the commit, whether it is there or not; a rival that makes or deletes it is fine."""
        name = self._branch(number)
        moved = self._request("PATCH", f"refs/{name}", body={"sha": commit, "force": True})
        made = self._request("POST", "refs", body={"ref": f"refs/{name}", "sha": commit}, missing=RefusedError)
        for request in (moved, made):
            try:
                return self._write(request)
            except (InputError, ConflictError):
                continue
        return self._write(moved)

    def _delete(self, name: str) -> None:
        try:
            self._write(self._request("DELETE", f"refs/{name}"))
        except (InputError, ConflictError):
            return

    def _write(self, request: Request) -> None:
        self._transport.send(request, lambda _reply: None)

    def _read(self, path: str, read: Callable[[Field], Result], query: Mapping[str, object] | None = None) -> Result:
        request = Request(verb="GET", path=f"{self._git}/{path}", permission="contents: read", query=query or {})
        return self._transport.send(request, lambda reply: read(_document(reply, request)))

    def _request(
        self, verb: str, path: str, *, body: Mapping[str, object] | None = None, missing: type[KitError] = ConflictError
    ) -> Request:
        return Request(verb=verb, path=f"{self._git}/{path}", permission=_PERMISSION, body=body, missing=missing)


def _document(reply: Reply, request: Request) -> Field:
    return Field(value=reply.value, pointer="", file=request.path)


def _list(field: Field) -> list[Field]:
    if not isinstance(field.value, list):
        raise field.error("expected a list")
    entries = enumerate(field.value)
    return [Field(value=entry, pointer=f"{field.pointer}/{index}", file=field.file) for index, entry in entries]


def _is_album(tree: Field) -> bool:
    """Whether a tree has nothing but plain files with the names that pictures have."""
    return all(
        entry.at("type").value == "blob"
        and entry.at("mode").value == "100644"
        and ((name := entry.at("path").text()) == README or is_picture_name(name))
        for entry in _list(tree.at("tree"))
    )


def _ref_names(document: Field) -> list[str]:
    return [entry.at("ref").text().removeprefix("refs/") for entry in _list(document)]
