"""Reads history from git objects and keeps the promotion log's tags, through the git command.

Nothing here touches the work tree or the index. What a shallow or partial clone lacks is fetched where somebody asks
for it by name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.git_command import NETWORK_SECONDS, REMOTE, GitCommand, complaint, failure
from mlops_kit.adapters.git_heads import GitHeads
from mlops_kit.adapters.git_log_store import LOG_REFS, LogStore, find_unreachable
from mlops_kit.adapters.git_objects import GitObjects
from mlops_kit.core.errors import InputError, OutsideError
from mlops_kit.core.types import CommitSha

_FULL_NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"\w[\w./@+=#-]*")
_HOME_PREFIXES = (f"refs/remotes/{REMOTE}/", f"{REMOTE}/")
_MOST_BOUNDARIES = 1000
"""Commits at which a shallow history ends that are deepened by one request."""


class GitRepository:
    """The Git port over one work tree; `environment` is what the git command gets."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._git = GitCommand(root, environment)
        self._root, self._folder = self._find_folders(root)
        self._git.folder = self._root
        self._objects = GitObjects(self._git, self._folder)
        self._heads = GitHeads(self._git)
        self._log = LogStore(self._git, self._folder, environment)
        self._commits: set[str] = set()
        self.fetches = 0

    @property
    def root(self) -> Path:
        """The top folder of the work tree."""
        return self._root

    def resolve(self, revision: str) -> CommitSha:
        """The commit that a revision names; InputError where it names none."""
        if revision in self._commits or (_FULL_NAME.fullmatch(revision) and self._objects.find_commits([revision])):
            self._commits.add(revision)
            return CommitSha(revision)
        found = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.code != 0:
            raise InputError(
                f"{revision!r} is not a revision of this repository",
                hint="in a shallow clone fetch it first (actions/checkout with fetch-depth: 0)",
            )
        self._commits.add(found.text)
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

    def find_unreachable(self, commits: Iterable[CommitSha], head: str) -> frozenset[CommitSha]:
        """Those commits that are not in the history of `head`, with those that are not here at all.

        Where a shallow clone does not show it, the remote's history does.
        """
        wanted = sorted({*commits} - {CommitSha(head)})
        if not wanted:
            return frozenset()
        here = sorted(self._objects.find_commits(wanted))
        lacking = find_unreachable(self._git, wanted, head, here=here)
        if lacking and self.is_shallow and self.has_remote():
            return self._log.find_unreachable(lacking, self.resolve(head))
        return lacking

    def list_first_parents(self, revision: str, *, limit: int) -> tuple[CommitSha, ...]:
        """At most so many commits of a branch's own line, the newest (the revision itself) first."""
        listed = self.expect("rev-list", "--first-parent", f"--max-count={limit}", self.resolve(revision)).text
        return tuple(CommitSha(line) for line in listed.splitlines())

    def list_files(self, revision: str) -> tuple[str, ...]:
        """All paths of a commit's tree, sorted; regular files only, never links."""
        return tuple(self._objects.list_files(self.resolve(revision)))

    def list_special(self, revision: str) -> Mapping[str, str]:
        """What a commit has besides regular files: each path with what it is, a symbolic link or a submodule."""
        return self._objects.list_special(self.resolve(revision))

    def read_files(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the commit."""
        return self._objects.read_files(self.resolve(revision), paths)

    @property
    def is_partial(self) -> bool:
        """Whether the clone lacks files that its remote has."""
        return self._objects.is_partial

    def prefetch(self, wanted: Mapping[CommitSha, Iterable[str]]) -> None:
        """Fetch, by one request, what a partial clone lacks of these files; OutsideError where that fails."""
        self._objects.prefetch(wanted)

    @property
    def is_shallow(self) -> bool:
        """Whether the clone's history was cut off."""
        return (self._folder / "shallow").is_file()

    def fetch_commit(self, revision: str) -> CommitSha:
        """Fetch one commit from the remote, named by its full id, or by a branch or tag there.

        InputError where the remote has none such, OutsideError where it does not answer. A shallow clone stays so.
        """
        name = revision if _FULL_NAME.fullmatch(revision) else self._find_on_remote(revision)
        done = self._git.fetch([name], *(["--depth=1"] if self.is_shallow else []))
        if done.code != 0:
            raise OutsideError(f"{revision} could not be fetched from {REMOTE}: {complaint(done)}")
        return self.resolve(name)

    def deepen(self, commits: int) -> None:
        """Fetch so many more commits below each place where a shallow history ends."""
        if not self.is_shallow:
            return
        ends = (self._folder / "shallow").read_text().split()[:_MOST_BOUNDARIES]
        done = self._git.fetch(ends, f"--deepen={commits}")
        if done.code != 0:
            raise OutsideError(f"the history could not be fetched from {REMOTE}: {complaint(done)}")

    def read_small_files(self, revision: str, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of at most `limit` bytes; larger ones are not read."""
        names = self._objects.list_files(self.resolve(revision))
        wanted = sorted(set(paths) & names.keys())
        request = "".join(f"{names[path]}\n" for path in wanted).encode()
        sizes = self.expect("cat-file", "--batch-check=%(objectsize)", stdin=request).text.splitlines()
        small = {path for path, size in zip(wanted, sizes, strict=True) if size.isdecimal() and int(size) <= limit}
        return self.read_files(revision, small)

    def list_work_tree(self, pattern: str = "*") -> frozenset[str]:
        """The paths on disk that git tracks or would track, of those that fit the pattern (gitglossary, pathspec)."""
        listed = self.expect("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern).output
        return frozenset(path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path)

    def branch_head(self, branch: str) -> CommitSha | None:
        """The head of a branch on the remote if there is one, else here; None where there is no such branch."""
        head = self._heads.read().get(branch)
        if head is not None:
            self._commits.add(head)
        return head

    def fetch(self) -> None:
        """Bring branches and the promotion log of the remote up to date; nothing without a remote.

        A shallow clone gets the newest commit of each branch, and stays as shallow as it is.
        """
        self.fetches += 1
        self._heads.forget()
        if not self.has_remote():
            return
        if self.is_shallow:
            self._log.fetch()
            self._fetch_heads()
            return
        done = self.call(
            "fetch", "--quiet", "--prune", "--no-tags", REMOTE,
            f"+refs/heads/*:refs/remotes/{REMOTE}/*", f"+{LOG_REFS}/*:{LOG_REFS}/*",
            timeout_seconds=NETWORK_SECONDS,
        )  # fmt: skip
        if done.code != 0:
            raise OutsideError(
                f"git fetch from {REMOTE} failed",
                hint="check the network and the token's read access, then run again",
            )

    def fetch_log(self) -> None:
        """Have here what was just pushed to the log; in a clone that is not shallow it is."""
        self.fetches += 1
        if self.is_shallow:
            self._log.fetch()

    def fetch_references(self, refspecs: Sequence[str]) -> None:
        """Make references of the kit's own, beside the log, what the remote's are."""
        if self.is_shallow:
            self._log.fetch(refspecs)
            return
        done = self._git.fetch(refspecs, "--prune")
        if done.code != 0:
            raise OutsideError(f"git fetch from {REMOTE} failed: {complaint(done)}", hint="run it again")

    @property
    def log_git(self) -> GitCommand:
        """Git in the repository whose refs are the log: this one, or in a shallow clone the one inside it."""
        return self._log.git if self.is_shallow and self._log.exists and self.has_remote() else self._git

    def has_remote(self) -> bool:
        """Whether a remote called origin is set."""
        return self._heads.has_remote

    @property
    def user_name(self) -> str:
        """Who git says that works here; empty where it does not."""
        return self._heads.user_name

    def call(self, *words: str, stdin: bytes = b"", timeout_seconds: float = 60.0) -> process.Completed:
        """Run git with settings that keep hooks and exotic transports out."""
        return self._git.call(*words, stdin=stdin, timeout_seconds=timeout_seconds)

    def expect(self, *words: str, stdin: bytes = b"") -> process.Completed:
        """Run git where only success makes sense; OutsideError with git's first line of complaint."""
        return self._git.expect(*words, stdin=stdin)

    def _ask(self, *words: str) -> process.Completed:
        """Run git where it answers no with exit code 1; anything above is a failure, not a no."""
        done = self.call(*words)
        if done.code not in {0, 1}:
            raise failure(words[0], done)
        return done

    def _find_folders(self, folder: Path) -> tuple[Path, Path]:
        """The top of the work tree, and where git keeps the repository that it may share with others."""
        found = self.call("rev-parse", "--show-toplevel", "--git-common-dir")
        if found.code != 0:
            raise InputError(
                f"{folder} is not inside a git repository", hint="run in a clone, or name one with --repo DIR"
            )
        top, _, inner = found.text.rpartition("\n")
        return Path(top), folder / inner

    def _fetch_heads(self) -> None:
        """Make the remote's branches here what they are there, each new commit without its history.

        With `--depth` git cuts what it is asked for: so it is asked only for commits that are not here yet.
        """
        there = self._list_heads("ls-remote", "--quiet", "--heads", REMOTE)
        here = self._list_heads("for-each-ref", "--format=%(objectname)%09%(refname)", f"refs/remotes/{REMOTE}")
        moved = {branch: commit for branch, commit in there.items() if here.get(branch) != commit}
        absent = [branch for branch, commit in moved.items() if not self.has_commit(CommitSha(commit))]
        done = self._git.fetch([f"{there[branch]}" for branch in absent], "--depth=1") if absent else None
        if done is not None and done.code != 0:
            raise OutsideError(f"git fetch from {REMOTE} failed: {complaint(done)}", hint="run it again")
        lines = [f"update refs/remotes/{REMOTE}/{branch} {commit}\n" for branch, commit in moved.items()]
        lines += [f"delete refs/remotes/{REMOTE}/{branch}\n" for branch in here.keys() - there.keys() - {"HEAD"}]
        self.expect("update-ref", "--stdin", stdin="".join(lines).encode())

    def _list_heads(self, *words: str) -> dict[str, str]:
        """Branch to commit, from lines of a commit and a full name."""
        listed = self.call(*words, timeout_seconds=NETWORK_SECONDS)
        if listed.code != 0:
            raise OutsideError(
                f"git {words[0]} of {REMOTE}'s branches failed: {complaint(listed)}", hint="run it again"
            )
        pairs = (line.partition("\t") for line in listed.text.splitlines())
        starts = ("refs/heads/", f"refs/remotes/{REMOTE}/")
        return {
            name.removeprefix(start): commit for commit, _, name in pairs for start in starts if name.startswith(start)
        }

    def _find_on_remote(self, revision: str) -> str:
        """The full name of the commit that a branch or tag of the remote has."""
        short = next((revision.removeprefix(start) for start in _HOME_PREFIXES if revision.startswith(start)), revision)
        if not self.has_remote() or not _PLAIN_NAME.fullmatch(short):
            raise InputError(f"{revision!r} is no name of a branch or tag that {REMOTE} could have")
        listed = self.call("ls-remote", "--quiet", REMOTE, short, timeout_seconds=NETWORK_SECONDS)
        if listed.code != 0:
            raise OutsideError(f"{REMOTE} could not be asked for {revision}: {complaint(listed)}")
        names = {name: commit for line in listed.text.splitlines() for commit, _, name in [line.partition("\t")]}
        for known in (short, f"refs/heads/{short}", f"refs/tags/{short}^{{}}", f"refs/tags/{short}"):
            if known in names:
                return names[known]
        raise InputError(f"{REMOTE} has no branch or tag {short!r}")
