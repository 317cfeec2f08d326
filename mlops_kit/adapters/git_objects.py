"""Reads commits, trees and files from git objects, by one `git cat-file` for as long as its owner lives.

In a partial clone, what is missing is fetched by one request before it is read: git itself would ask the remote once
for each file.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.git_command import REMOTE, GitCommand, complaint
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.types import CommitSha

_REGULAR_MODES = ("100644", "100755")
_SPECIAL_MODES = {"120000": "a symbolic link", "160000": "a submodule"}
_FOLDER_MODE = "40000"
_NAMES_AT_ONCE = 500
"""How many names fit into a pipe that nobody reads yet."""
_Entry = tuple[str, str, str]
"""Path, mode and object name of something in a tree."""


@dataclass(frozen=True, kw_only=True)
class _Object:
    """What `git cat-file` answers: the object's name, what it is (`missing` for none), and its bytes."""

    name: str
    kind: str
    data: bytes = b""


class GitObjects:
    """The trees and files of one repository, which git keeps in `folder`. A commit never changes: it is listed once."""

    def __init__(self, git: GitCommand, folder: Path) -> None:
        self._git = git
        self._folder = folder
        self._listings: dict[CommitSha, tuple[_Entry, ...]] = {}
        self._trees: dict[str, tuple[_Entry, ...]] = {}
        self._files: dict[CommitSha, Mapping[str, str]] = {}
        self._missing: dict[CommitSha, set[str]] = {}
        self._dialogue: process.Dialogue | None = None
        self._failure: OutsideError | None = None

    @cached_property
    def is_partial(self) -> bool:
        """Whether the clone left objects with its remote: then it has packs that promise them."""
        return any((self._folder / "objects" / "pack").glob("*.promisor"))

    def find_commits(self, names: Iterable[str]) -> frozenset[CommitSha]:
        """Those of the full names that are commits here; nothing is fetched."""
        return frozenset(CommitSha(found.name) for found in self._ask(sorted(set(names))) if found.kind == "commit")

    def list_files(self, commit: CommitSha) -> Mapping[str, str]:
        """Path to object name of every regular file, sorted."""
        if commit not in self._files:
            listing = self._list(commit)
            self._files[commit] = {path: name for path, mode, name in sorted(listing) if mode in _REGULAR_MODES}
        return self._files[commit]

    def list_special(self, commit: CommitSha) -> Mapping[str, str]:
        """Path to what it is, of every entry that is no regular file."""
        return {path: _SPECIAL_MODES[mode] for path, mode, _ in self._list(commit) if mode in _SPECIAL_MODES}

    def read_files(self, commit: CommitSha, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the commit, sorted."""
        names = self.list_files(commit)
        wanted = sorted(set(paths) & names.keys())
        self.prefetch({commit: wanted})
        return dict(zip(wanted, self._read([names[path] for path in wanted]), strict=True))

    def prefetch(self, wanted: Mapping[CommitSha, Iterable[str]]) -> None:
        """Fetch, by one request, those files of commits that a partial clone lacks; OutsideError where that fails."""
        if not self.is_partial:
            return
        lacking: set[str] = set()
        for commit, paths in wanted.items():
            names = self.list_files(commit)
            lacking |= {names[path] for path in paths if path in names} & self._find_missing(commit)
        if lacking:
            self._fetch(sorted(lacking))
            for missing in self._missing.values():
                missing.difference_update(lacking)

    def _list(self, commit: CommitSha) -> tuple[_Entry, ...]:
        """Everything in the commit that is no folder, sorted."""
        if commit not in self._listings:
            try:
                self._listings[commit] = tuple(sorted(self._walk(commit)))
            except OutsideError:  # a clone without its trees: git fetches them where it is asked itself
                listing = self._git.expect("ls-tree", "-r", "-z", "--full-tree", commit).output
                self._listings[commit] = tuple(sorted(_parse_listing(listing)))
        return self._listings[commit]

    def _walk(self, commit: CommitSha) -> Iterator[_Entry]:
        """What the commit's trees hold, level by level; a tree that several commits share is read once."""
        level = [("", f"{commit}^{{tree}}")]
        while level:
            self._read_trees([name for _, name in level])
            inner = [
                (f"{folder}{path}", mode, name) for folder, tree in level for path, mode, name in self._trees[tree]
            ]
            yield from (entry for entry in inner if entry[1] != _FOLDER_MODE)
            level = [(f"{path}/", name) for path, mode, name in inner if mode == _FOLDER_MODE]

    def _read_trees(self, names: Iterable[str]) -> None:
        unread = sorted({name for name in names if name not in self._trees})
        for name, found in zip(unread, self._ask(unread), strict=True):
            self._trees[name] = tuple(_parse_tree(_require(found, "tree"), width=len(found.name) // 2))

    def _find_missing(self, commit: CommitSha) -> set[str]:
        """The names of the objects of a commit that are not here."""
        if commit not in self._missing:
            words = ("rev-list", "--objects", "--no-object-names", "--no-walk", "--missing=print", commit)
            lines = self._git.expect(*words).text.splitlines()
            self._missing[commit] = {line[1:] for line in lines if line.startswith("?")}
        return self._missing[commit]

    def _fetch(self, names: list[str]) -> None:
        """Ask as git itself does for a missing object (promisor-remote.c), but for all of them at once.

        A remote that failed is not asked again.
        """
        if self._failure is not None:
            raise self._failure
        found = self._git.call("config", "--name-only", "--get-regexp", r"^remote\..*\.promisor$").text.splitlines()
        remote = found[0].removeprefix("remote.").removesuffix(".promisor") if found else REMOTE
        done = self._git.fetch(names, "--filter=blob:none", remote=remote)
        if done.code != 0:
            self._failure = OutsideError(
                f"{len(names)} files that this partial clone lacks could not be fetched: {complaint(done)}",
                hint=f"check that git fetch {remote} works here, or use a full clone",
            )
            raise self._failure

    def _read(self, names: list[str]) -> Iterator[bytes]:
        return (_require(found, "blob") for found in self._ask(names))

    def _ask(self, names: Sequence[str]) -> Iterator[_Object]:
        for start in range(0, len(names), _NAMES_AT_ONCE):
            some = names[start : start + _NAMES_AT_ONCE]
            with self._talk() as dialogue:
                dialogue.send("".join(f"{name}\n" for name in some).encode())
                answers = [_read_answer(dialogue) for _ in some]
            yield from answers

    @contextlib.contextmanager
    def _talk(self) -> Iterator[process.Dialogue]:
        """The running `git cat-file`; one that fails is not used again."""
        dialogue = self._dialogue or self._git.open_dialogue("cat-file", "--batch")
        self._dialogue = None
        try:
            yield dialogue
        except OutsideError:
            dialogue.close()
            raise
        self._dialogue = dialogue


def _parse_listing(listing: bytes) -> Iterator[_Entry]:
    for entry in listing.split(b"\0"):
        about, _, path = entry.partition(b"\t")
        if path:
            mode, _, name = about.decode("ascii").split(" ")
            yield path.decode("utf-8", "surrogateescape"), mode, name


def _parse_tree(data: bytes, *, width: int) -> Iterator[_Entry]:
    """The entries of a tree object: mode, space, name, a zero byte, and the object's name in `width` bytes."""
    start = 0
    while start < len(data):
        end = data.index(b"\0", start)
        mode, _, path = data[start:end].partition(b" ")
        start = end + 1 + width
        yield path.decode("utf-8", "surrogateescape"), mode.decode("ascii"), data[end + 1 : start].hex()


def _read_answer(dialogue: process.Dialogue) -> _Object:
    """One object (git-cat-file, batch output): a line of name, kind and size, its bytes, a line end."""
    name, _, about = dialogue.read_line().decode().partition(" ")
    kind, _, size = about.partition(" ")
    if not size.isdecimal():
        return _Object(name=name, kind=about)
    return _Object(name=name, kind=kind, data=dialogue.read_bytes(int(size) + 1)[:-1])


def _require(found: _Object, kind: str) -> bytes:
    if found.kind != kind:
        raise OutsideError(f"git cat-file failed: the object {found.name} is {found.kind}")
    return found.data
