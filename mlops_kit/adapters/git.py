"""Reads history from git objects and keeps the promotion log's tags, through the git command.

Objects are read in one `git cat-file --batch`; nothing here touches the work tree or the index.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.types import CommitSha

REMOTE = "origin"
LOG_REFS = "refs/tags/mlops"
_SAFE_SETTINGS = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "gc.auto=0")
_REGULAR_MODES = ("100644", "100755")
_NETWORK_SECONDS = 120.0


class GitRepository:
    """The Git port over one work tree; `environment` is what the git command gets."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._environment = {
            **environment,
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
        }
        self._root = Path(self._top_folder(root))
        self._trees: dict[CommitSha, Mapping[str, str]] = {}

    @property
    def root(self) -> Path:
        """The top folder of the work tree."""
        return self._root

    def resolve(self, revision: str) -> CommitSha:
        """The commit that a revision names; InputError where it names none."""
        found = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.code != 0:
            raise InputError(
                f"{revision!r} is not a revision of this repository",
                hint="in a shallow clone fetch it first (actions/checkout with fetch-depth: 0)",
            )
        return CommitSha(found.text)

    def has_commit(self, commit: CommitSha) -> bool:
        """Whether the commit is here."""
        return self.call("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def merge_base(self, one: str, other: str) -> CommitSha | None:
        """The best common ancestor, None for unrelated histories."""
        found = self._ask("merge-base", self.resolve(one), self.resolve(other))
        return CommitSha(found.text) if found.code == 0 else None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether one commit is reachable from the other."""
        return self._ask("merge-base", "--is-ancestor", ancestor, descendant).code == 0

    def list_first_parents(self, revision: str, *, limit: int) -> tuple[CommitSha, ...]:
        """At most so many commits of a branch's own line, the newest (the revision itself) first."""
        listed = self.expect("rev-list", "--first-parent", f"--max-count={limit}", self.resolve(revision)).text
        return tuple(CommitSha(line) for line in listed.splitlines())

    def list_files(self, revision: str) -> tuple[str, ...]:
        """All paths of a commit's tree, sorted; regular files only, never links."""
        return tuple(sorted(self._objects(self.resolve(revision))))

    def read_files(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the commit, read in one process."""
        objects = self._objects(self.resolve(revision))
        wanted = sorted(set(paths) & objects.keys())
        request = "".join(f"{objects[path]}\n" for path in wanted).encode()
        return dict(zip(wanted, self._read_objects(request, len(wanted)), strict=True))

    def read_small_files(self, revision: str, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of at most `limit` bytes; larger ones are not read."""
        objects = self._objects(self.resolve(revision))
        wanted = sorted(set(paths) & objects.keys())
        request = "".join(f"{objects[path]}\n" for path in wanted).encode()
        sizes = self.expect("cat-file", "--batch-check=%(objectsize)", stdin=request).text.splitlines()
        small = {path for path, size in zip(wanted, sizes, strict=True) if size.isdecimal() and int(size) <= limit}
        return self.read_files(revision, small)

    def list_work_tree(self, pattern: str = "*") -> frozenset[str]:
        """The paths on disk that git tracks or would track, of those that fit the pattern (gitglossary, pathspec)."""
        listed = self.expect("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern).output
        return frozenset(path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path)

    def branch_head(self, branch: str) -> CommitSha | None:
        """The head of a branch on the remote if there is one, else here; None where there is no such branch."""
        home = f"refs/remotes/{REMOTE}" if self.has_remote() else "refs/heads"
        found = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{home}/{branch}^{{commit}}")
        return CommitSha(found.text) if found.code == 0 else None

    def fetch(self) -> None:
        """Bring branches and the promotion log of the remote up to date; nothing without a remote."""
        if not self.has_remote():
            return
        done = self.call(
            "fetch", "--quiet", "--prune", "--no-tags", REMOTE,
            f"+refs/heads/*:refs/remotes/{REMOTE}/*", f"+{LOG_REFS}/*:{LOG_REFS}/*",
            timeout_seconds=_NETWORK_SECONDS,
        )  # fmt: skip
        if done.code != 0:
            raise OutsideError(
                f"git fetch from {REMOTE} failed",
                hint="check the network and the token's read access, then run again",
            )

    def has_remote(self) -> bool:
        """Whether a remote called origin is set."""
        return self.call("config", "--get", f"remote.{REMOTE}.url").code == 0

    def call(self, *words: str, stdin: bytes = b"", timeout_seconds: float = 60.0) -> process.Completed:
        """Run git with settings that keep hooks and exotic transports out."""
        return process.run(
            process.Call(
                words=("git", *_SAFE_SETTINGS, *words),
                folder=self._root,
                environment=self._environment,
                stdin=stdin,
                timeout_seconds=timeout_seconds,
                title=f"git {words[0]}",
            )
        )

    def expect(self, *words: str, stdin: bytes = b"") -> process.Completed:
        """Run git where only success makes sense; OutsideError with git's first line of complaint."""
        done = self.call(*words, stdin=stdin)
        if done.code != 0:
            raise _failure(words[0], done)
        return done

    def _ask(self, *words: str) -> process.Completed:
        """Run git where it answers no with exit code 1; anything above is a failure, not a no."""
        done = self.call(*words)
        if done.code not in {0, 1}:
            raise _failure(words[0], done)
        return done

    def _top_folder(self, folder: Path) -> str:
        self._root = folder
        found = self.call("rev-parse", "--show-toplevel")
        if found.code != 0:
            raise InputError(
                f"{folder} is not inside a git repository", hint="run in a clone, or name one with --repo DIR"
            )
        return found.text

    def _objects(self, commit: CommitSha) -> Mapping[str, str]:
        """Path to object name of every regular file of a commit; a commit never changes, so it is read once."""
        if commit not in self._trees:
            listing = self.expect("ls-tree", "-r", "-z", "--full-tree", commit).output
            self._trees[commit] = dict(_regular_files(listing))
        return self._trees[commit]

    def _read_objects(self, request: bytes, count: int) -> Iterable[bytes]:
        answer = self.expect("cat-file", "--batch", stdin=request).output
        position = 0
        for _ in range(count):
            end = answer.index(b"\n", position)
            size = int(answer[position:end].rsplit(b" ", 1)[1])
            yield answer[end + 1 : end + 1 + size]
            position = end + 1 + size + 1


def _failure(verb: str, done: process.Completed) -> OutsideError:
    complaint = (done.errors.strip().splitlines() or ["no message"])[0]
    return OutsideError(f"git {verb} failed: {complaint}")


def _regular_files(listing: bytes) -> Iterable[tuple[str, str]]:
    for entry in listing.split(b"\0"):
        about, _, path = entry.partition(b"\t")
        mode, _, name = about.decode("ascii").partition(" blob ")
        if mode in _REGULAR_MODES:
            yield path.decode("utf-8", "surrogateescape"), name
