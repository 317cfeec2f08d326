"""The fake GitHub's Git Data API: objects named by their real hashes, refused as GitHub refuses them."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fakes import github_shapes as shapes
from tests.fakes.github_shapes import TIME, Json

if TYPE_CHECKING:
    from tests.fakes.github_routes import Account, Call

SHA = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class TreeEntry:
    """A file, or a folder, of a tree."""

    mode: str
    kind: str
    sha: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit as it was asked for."""

    tree: str
    parents: tuple[str, ...]
    message: str
    author: Json
    committer: Json

    def text(self) -> str:
        """The commit as git stores it."""
        parents = "".join(f"parent {parent}\n" for parent in self.parents)
        people = f"author {_person(self.author)}\ncommitter {_person(self.committer)}\n"
        return f"tree {self.tree}\n{parents}{people}\n{self.message}"


@dataclass(kw_only=True)
class Objects:
    """What the repository holds, by hash; nothing is ever collected."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, dict[str, TreeEntry]] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)

    def add_blob(self, data: bytes) -> str:
        """Store a file's bytes."""
        sha = _hash("blob", data)
        self.blobs[sha] = data
        return sha

    def add_tree(self, entries: dict[str, TreeEntry]) -> str:
        """Store a folder."""
        lines = [
            f"{entry.mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(entry.sha)
            for name, entry in sorted(entries.items())
        ]
        sha = _hash("tree", b"".join(lines))
        self.trees[sha] = entries
        return sha

    def add_commit(self, commit: Commit) -> str:
        """Store a commit."""
        sha = _hash("commit", commit.text().encode())
        self.commits[sha] = commit
        return sha

    def read_file(self, commit: str, name: str) -> bytes | None:
        """The bytes of a file of a commit, None where there is no such commit or file."""
        if commit not in self.commits:
            return None
        entry = self.trees[self.commits[commit].tree].get(name)
        return self.blobs[entry.sha] if entry else None


def _person(who: Json) -> str:
    moment = datetime.fromisoformat(str(who["date"]))
    return f"{who['name']} <{who['email']}> {int(moment.timestamp())} +0000"


def _hash(kind: str, data: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def _body(call: "Call") -> dict[str, Any]:
    try:
        value = json.loads(call.body)
    except ValueError:
        raise call.refusal(400, "Problems parsing JSON") from None
    if not isinstance(value, dict):
        raise call.refusal(422, "Invalid request.")
    return value


def _create_blob(call: "Call", account: "Account", _found: re.Match[str]) -> tuple[int, object]:
    call.require_write(account)
    sent = _body(call)
    if sent.get("encoding", "utf-8") not in {"utf-8", "base64"} or not isinstance(sent.get("content"), str):
        raise call.refusal(422, "Invalid request.")
    try:
        is_text = sent.get("encoding", "utf-8") == "utf-8"
        data = sent["content"].encode() if is_text else base64.b64decode(sent["content"], validate=True)
    except binascii.Error:
        raise call.refusal(422, "content is not valid Base64") from None
    sha = call.github.objects.add_blob(data)
    return 201, {"sha": sha, "url": f"{_home(call)}/blobs/{sha}"}


def _create_tree(call: "Call", account: "Account", _found: re.Match[str]) -> tuple[int, object]:
    call.require_write(account)
    entries = _body(call).get("tree")
    if not isinstance(entries, list) or not entries:
        raise call.refusal(422, "Invalid tree info")
    made = {str(entry.get("path")): _tree_entry(call, entry) for entry in entries if isinstance(entry, dict)}
    if len(made) != len(entries) or any(not name or name.startswith("/") for name in made):
        raise call.refusal(422, "tree.path contains a malformed path component")
    sha = call.github.objects.add_tree(made)
    return 201, _show_tree(call, sha)


def _tree_entry(call: "Call", sent: dict[str, Any]) -> TreeEntry:
    objects = call.github.objects
    mode, kind = sent.get("mode"), sent.get("type")
    if mode not in {"100644", "100755", "120000", "040000"} or kind not in {"blob", "tree"}:
        raise call.refusal(422, "Must supply a valid tree.mode")
    if ("content" in sent) == ("sha" in sent):
        raise call.refusal(422, "Must supply either tree.sha or tree.content")
    sha = objects.add_blob(sent["content"].encode()) if "content" in sent else sent["sha"]
    if sha not in objects.blobs and sha not in objects.trees:
        raise call.refusal(422, "tree.sha is not a valid blob or tree")
    return TreeEntry(mode=str(mode), kind=str(kind), sha=str(sha))


def _create_commit(call: "Call", account: "Account", _found: re.Match[str]) -> tuple[int, object]:
    call.require_write(account)
    sent, objects = _body(call), call.github.objects
    if not isinstance(sent.get("message"), str):
        raise call.refusal(422, "Invalid request.")
    if sent.get("tree") not in objects.trees:
        raise call.refusal(422, "Tree SHA does not exist")
    if any(parent not in objects.commits for parent in sent.get("parents", [])):
        raise call.refusal(422, "Parent SHA does not exist or is not a commit object")
    default: Json = {"name": account.login, "email": f"{account.login}@localhost", "date": TIME}
    sha = objects.add_commit(
        Commit(
            tree=sent["tree"],
            parents=tuple(sent.get("parents", [])),
            message=sent["message"],
            author=sent.get("author", default),
            committer=sent.get("committer", sent.get("author", default)),
        )
    )
    return 201, _show_commit(call, sha)


def _create_ref(call: "Call", account: "Account", _found: re.Match[str]) -> tuple[int, object]:
    call.require_write(account)
    sent, refs = _body(call), call.github.refs
    name, sha = str(sent.get("ref")), sent.get("sha")
    if not re.fullmatch(r"refs/[^/]+/.+", name):
        raise call.refusal(422, "Reference name must start with 'refs/' and contain at least 2 slashes.")
    _check_object(call, sha)
    name = name.removeprefix("refs/")
    if name in refs or any(f"{other}/".startswith(f"{name}/") or f"{name}/".startswith(f"{other}/") for other in refs):
        raise call.refusal(422, "Reference already exists")
    refs[name] = str(sha)
    return 201, _show_ref(call, name)


def _update_ref(call: "Call", account: "Account", found: re.Match[str]) -> tuple[int, object]:
    call.require_write(account)
    sent, github = _body(call), call.github
    _check_object(call, sent.get("sha"))
    name, sha = found["name"], sent["sha"]
    if name not in github.refs:
        raise call.refusal(422, "Reference does not exist")
    if not sent.get("force") and github.refs[name] not in github.objects.commits[sha].parents:
        raise call.refusal(422, "Update is not a fast forward")
    github.refs[name] = sha
    return 200, _show_ref(call, name)


def _delete_ref(call: "Call", account: "Account", found: re.Match[str]) -> tuple[int, object]:
    call.require_write(account)
    if call.github.refs.pop(found["name"], None) is None:
        raise call.refusal(422, "Reference does not exist")
    return 204, None


def _matching_refs(call: "Call", _account: "Account", found: re.Match[str]) -> tuple[int, object]:
    names = sorted(name for name in call.github.refs if name.startswith(found["name"]))
    return 200, [_show_ref(call, name) for name in names[: int(call.query.get("per_page", "30"))]]


def _read_commit(call: "Call", _account: "Account", found: re.Match[str]) -> tuple[int, object]:
    if found["sha"] not in call.github.objects.commits:
        raise call.refusal(404, "Not Found")
    return 200, _show_commit(call, found["sha"])


def _read_tree(call: "Call", _account: "Account", found: re.Match[str]) -> tuple[int, object]:
    if found["sha"] not in call.github.objects.trees:
        raise call.refusal(404, "Not Found")
    return 200, _show_tree(call, found["sha"])


def _check_object(call: "Call", sha: object) -> None:
    if not isinstance(sha, str) or not SHA.fullmatch(sha):
        raise call.refusal(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if sha not in call.github.objects.commits:
        raise call.refusal(422, "Object does not exist")


def _home(call: "Call") -> str:
    return f"{call.github.url}/repos/{call.github.repository}/git"


def _show_ref(call: "Call", name: str) -> Json:
    return shapes.ref(call.github.url, call.github.repository, f"refs/{name}", call.github.refs[name])


def _show_tree(call: "Call", sha: str) -> Json:
    entries = [
        {
            "path": name,
            "mode": entry.mode,
            "type": entry.kind,
            "sha": entry.sha,
            "url": f"{_home(call)}/blobs/{entry.sha}",
        }
        for name, entry in sorted(call.github.objects.trees[sha].items())
    ]
    return {"sha": sha, "url": f"{_home(call)}/trees/{sha}", "truncated": False, "tree": entries}


def _show_commit(call: "Call", sha: str) -> Json:
    commit = call.github.objects.commits[sha]
    url = f"{_home(call)}/commits/{sha}"
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": url,
        "html_url": f"https://github.test/{call.github.repository}/commit/{sha}",
        "author": commit.author,
        "committer": commit.committer,
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{_home(call)}/trees/{commit.tree}"},
        "parents": [
            {"sha": parent, "url": f"{_home(call)}/commits/{parent}", "html_url": f"{url}/{parent}"}
            for parent in commit.parents
        ],
        "verification": {
            "verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None,
        },
    }  # fmt: skip


_GIT = r"/repos/[^/]+/[^/]+/git"
GIT_ROUTES = (
    ("POST", _GIT + r"/blobs", _create_blob),
    ("POST", _GIT + r"/trees", _create_tree),
    ("POST", _GIT + r"/commits", _create_commit),
    ("POST", _GIT + r"/refs", _create_ref),
    ("PATCH", _GIT + r"/refs/(?P<name>.+)", _update_ref),
    ("DELETE", _GIT + r"/refs/(?P<name>.+)", _delete_ref),
    ("GET", _GIT + r"/matching-refs/(?P<name>.+)", _matching_refs),
    ("GET", _GIT + r"/commits/(?P<sha>[^/]+)", _read_commit),
    ("GET", _GIT + r"/trees/(?P<sha>[^/]+)", _read_tree),
)
