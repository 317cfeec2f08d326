"""A repository's history in memory: commits are mappings from path to bytes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_kit.core.errors import InputError
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class _Commit:
    files: Mapping[str, bytes]
    parents: tuple[CommitSha, ...]


class MemoryGit:
    """The Git port without a repository; `commit` and `point` stand for what people push."""

    def __init__(self, root: Path = Path("/nowhere")) -> None:
        self._root = root
        self._commits: dict[CommitSha, _Commit] = {}
        self.branches: dict[str, CommitSha] = {}
        self.fetches = 0

    @property
    def root(self) -> Path:
        """A folder that nothing is read from."""
        return self._root

    def commit(self, branch: str, files: Mapping[str, bytes], *, merged: Iterable[CommitSha] = ()) -> CommitSha:
        """Add a commit on top of a branch, which begins with it where there was none."""
        first = (self.branches[branch],) if branch in self.branches else ()
        parents = (*first, *merged)
        text = repr((sorted(files.items()), parents, len(self._commits))).encode()
        name = CommitSha(hashlib.sha1(text, usedforsecurity=False).hexdigest())
        self._commits[name] = _Commit(files=dict(files), parents=parents)
        self.branches[branch] = name
        return name

    def point(self, branch: str, commit: CommitSha) -> None:
        """Force a branch to a commit."""
        self.branches[branch] = commit

    def resolve(self, revision: str) -> CommitSha:
        """A branch's head or a commit itself; InputError for anything else."""
        if revision in self.branches:
            return self.branches[revision]
        if CommitSha(revision) not in self._commits:
            raise InputError(f"{revision!r} is not a revision of this repository")
        return CommitSha(revision)

    def merge_base(self, one: str, other: str) -> CommitSha | None:
        """The first of one side's ancestors, nearest first, that the other side has too."""
        shared = set(self._history(self.resolve(other)))
        return next((commit for commit in self._history(self.resolve(one)) if commit in shared), None)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether one commit is reachable from the other."""
        return CommitSha(ancestor) in self._history(self.resolve(descendant))

    def find_unreachable(self, commits: Iterable[CommitSha], head: str) -> frozenset[CommitSha]:
        """Those commits that are not in the history of `head`."""
        return frozenset(commits) - frozenset(self._history(self.resolve(head)))

    def list_first_parents(self, revision: str, *, limit: int) -> tuple[CommitSha, ...]:
        """At most so many commits of a branch's own line, the newest first."""
        line = [self.resolve(revision)]
        while parents := self._commits[line[-1]].parents:
            line.append(parents[0])
        return tuple(line[:limit])

    def list_files(self, revision: str) -> tuple[str, ...]:
        """All paths of a commit, sorted."""
        return tuple(sorted(self._commits[self.resolve(revision)].files))

    def read_files(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that the commit has."""
        files = self._commits[self.resolve(revision)].files
        return {path: files[path] for path in sorted(set(paths)) if path in files}

    def read_small_files(self, revision: str, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those paths that the commit has, larger ones left out."""
        return {path: data for path, data in self.read_files(revision, paths).items() if len(data) <= limit}

    def list_special(self, revision: str) -> Mapping[str, str]:
        """Nothing: all is regular."""
        self.resolve(revision)
        return {}

    @property
    def is_partial(self) -> bool:
        """Nothing is missing."""
        return False

    def prefetch(self, wanted: Mapping[CommitSha, Iterable[str]]) -> None:
        """Everything is here already."""

    @property
    def is_shallow(self) -> bool:
        """All history is here."""
        return False

    def fetch_commit(self, revision: str) -> CommitSha:
        """What is not here is nowhere."""
        return self.resolve(revision)

    def deepen(self, commits: int) -> None:
        """All history is here."""

    def branch_head(self, branch: str) -> CommitSha | None:
        """The branch's head; None where there is no such branch."""
        return self.branches.get(branch)

    def fetch(self) -> None:
        """Count the call: everything is here already."""
        self.fetches += 1

    def _history(self, commit: CommitSha) -> list[CommitSha]:
        found, waiting = [], [commit]
        while waiting:
            current = waiting.pop(0)
            if current not in found:
                found.append(current)
                waiting.extend(self._commits[current].parents)
        return found
