"""Reads every content that dvc.lock and `.dvc` files ever had, and where branches and tags stand, from git."""

from collections.abc import Iterator, Mapping

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.git_command import REMOTE, failure
from mlops_kit.adapters.git_log_store import LOG_REFS
from mlops_kit.core.errors import InputError
from mlops_kit.core.types import CommitSha

_TAGS_OF_REMOTE = "refs/mlops-kit/tags"
_HOMES = ("refs/heads", f"refs/remotes/{REMOTE}", "refs/tags", _TAGS_OF_REMOTE)
_PATTERNS = (":(glob)**/dvc.lock", ":(glob)**/*.dvc")
_AT_ONCE = 100
_HISTORY_SECONDS = 600.0


class LockHistory:
    """The Locks port over a repository with its whole history."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git

    def fetch(self) -> None:
        """Bring branches, the log, and the remote's other tags here; InputError in a clone that was cut short."""
        if self._git.is_shallow:
            raise InputError(
                "the history of this clone was cut off: what is needed cannot be told",
                hint="use a whole clone (actions/checkout with fetch-depth: 0), or git fetch --unshallow",
            )
        self._git.fetch()
        if self._git.has_remote():
            self._git.fetch_references([f"+refs/tags/*:{_TAGS_OF_REMOTE}/*", f"^{LOG_REFS}/*"])

    def read_history(self) -> Iterator[tuple[str, bytes]]:
        """Path and content of every lock that a commit of any reference has or had, each content of a path once."""
        words = ("log", "--all", "--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "-z", "--diff-filter=AM")
        listed = self._git.call(*words, "HEAD", "--", *_PATTERNS, timeout_seconds=_HISTORY_SECONDS)
        if listed.code != 0:
            raise failure("log", listed)
        found = sorted(set(_parse_changes(listed.output)))
        for start in range(0, len(found), _AT_ONCE):
            yield from self._read(found[start : start + _AT_ONCE])

    def list_heads(self) -> Mapping[str, CommitSha]:
        """Where branches and tags stand, by short name; the log's own tags left out."""
        words = ("for-each-ref", "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(objecttype)%(*objecttype)")
        heads = {}
        for line in filter(None, self._git.expect(*words, *_HOMES).text.split("\n")):
            name, direct, peeled, kinds = line.split("\0")
            if kinds.endswith("commit") and not name.startswith(f"{LOG_REFS}/"):
                heads[name.removeprefix("refs/").removeprefix("mlops-kit/")] = CommitSha(peeled or direct)
        return heads

    def _read(self, wanted: list[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
        request = "".join(f"{name}\n" for _, name in wanted).encode()
        rest = self._git.expect("cat-file", "--batch", stdin=request).output
        for path, _ in wanted:
            head, _, rest = rest.partition(b"\n")
            size = int(head.rpartition(b" ")[2])
            yield path, rest[:size]
            rest = rest[size + 1 :]


def _parse_changes(listing: bytes) -> Iterator[tuple[str, str]]:
    """Path and object name of each new content of a regular file (git-log, raw output with -z)."""
    parts = listing.split(b"\0")
    for position, part in enumerate(parts[:-1]):
        words = part.strip(b"\n").split(b" ")
        if part.lstrip(b"\n").startswith(b":") and len(words) == 5 and words[1].startswith(b"100"):
            yield parts[position + 1].decode("utf-8", "surrogateescape"), words[3].decode("ascii")
