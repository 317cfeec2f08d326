"""The repository: git, trees of files, bytes that DVC tracks, values, commands, the time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mlops_kit.core.tables import Table, TableFile
from mlops_kit.core.types import CommandResult, CommitSha, Digest, ResolvedValues


class Git(Protocol):
    """The repository's history, read from git objects; paths are from its root with forward slashes."""

    @property
    def root(self) -> Path:
        """The top folder of the work tree."""

    def resolve(self, revision: str) -> CommitSha:
        """The commit that a revision names; InputError where it names none."""

    def merge_base(self, one: str, other: str) -> CommitSha | None:
        """The best common ancestor, None for unrelated histories."""

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether one commit is reachable from the other."""

    def find_unreachable(self, commits: Iterable[CommitSha], head: str) -> frozenset[CommitSha]:
        """Those commits that are not in the history of `head`, with those that are not here at all."""

    def list_files(self, revision: str) -> tuple[str, ...]:
        """All paths of a commit's tree, sorted; regular files only, never links."""

    def read_files(self, revision: str, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the commit."""

    def list_special(self, revision: str) -> Mapping[str, str]:
        """What a commit has besides regular files: each path with what it is, a symbolic link or a submodule."""

    @property
    def is_partial(self) -> bool:
        """Whether the clone lacks files that its remote has (`git clone --filter`)."""

    def prefetch(self, wanted: Mapping[CommitSha, Iterable[str]]) -> None:
        """Bring here, by one request, what a partial clone lacks of these files; OutsideError where that fails."""

    @property
    def is_shallow(self) -> bool:
        """Whether the clone's history was cut off (`git clone --depth`)."""

    def fetch_commit(self, revision: str) -> CommitSha:
        """Bring one commit here that the remote has, named by its full id, or by a branch or tag there.

        InputError where the remote has none such, OutsideError where it does not answer.
        """

    def deepen(self, commits: int) -> None:
        """Bring so many more commits of a shallow history here."""

    def read_small_files(self, revision: str, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of at most `limit` bytes; larger ones are not read."""

    def list_first_parents(self, revision: str, *, limit: int) -> tuple[CommitSha, ...]:
        """At most so many commits of a branch's own line, the newest (the revision itself) first."""

    def branch_head(self, branch: str) -> CommitSha | None:
        """The head of a branch on the remote if there is one, else here; None where there is no such branch."""

    def fetch(self) -> None:
        """Bring branches and the promotion log of the remote up to date; nothing without a remote."""


class Locks(Protocol):
    """What dvc.lock and `.dvc` files ever said, and where branches and tags stand."""

    def fetch(self) -> None:
        """Bring branches, tags and the log up to date; InputError where the clone has not the whole history."""

    def read_history(self) -> Iterable[tuple[str, bytes]]:
        """Path and content of every such file that a commit of any branch or tag has or had."""

    def list_heads(self) -> Mapping[str, CommitSha]:
        """The commit of every branch and tag, the log's tags left out."""


class Tree(Protocol):
    """The files of one commit, or of the work tree, behind one interface; paths are from the repository's root."""

    @property
    def commit(self) -> CommitSha | None:
        """The commit; None for the work tree."""

    def list_files(self) -> tuple[str, ...]:
        """All paths, sorted; regular files only. Of the work tree: those that git does not ignore."""

    def list_folder(self, folder: str) -> tuple[str, ...]:
        """The regular files below a folder, sorted, those that git ignores too where the tree has them."""

    def list_special(self) -> Mapping[str, str]:
        """What is no regular file and not entered: each path with what it is, a symbolic link or a submodule."""

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files of the tree."""


class Objects(Protocol):
    """Bytes that DVC tracks, by digest, for reading; nothing is written but the cache."""

    def find(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, Path]:
        """Where the bytes lie of those that can be had, for a DVC root (a folder).

        What is not in the cache is asked of the DVC remote in one go, except files of more than `limit` bytes.
        OutsideError where the remote fails or takes too long; what it does not have is left out.
        """

    def read(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, bytes]:
        """The bytes themselves, compared with their digests: as `find`, without what is damaged or over the limit."""


class Tables(Protocol):
    """Rows and columns of CSV and Parquet files. Their bytes are a stranger's: what is wrong is an answer."""

    def read(self, files: Iterable[TableFile]) -> Mapping[TableFile, Table]:
        """What each file holds, or the error in its place. OutsideError where none can be read at all."""


class Resolver(Protocol):
    """What only DVC knows: values behind templates, in the cache, in Python files."""

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        """All metrics and params of the DVC root (a folder) at a commit, None for the work tree.

        OutsideError where DVC fails as a whole or takes too long.
        """


class Commands(Protocol):
    """A team's own short commands, run at the repository's top."""

    def run_command(
        self, words: Sequence[str], variables: Mapping[str, str], *, timeout_seconds: float, stdin: bytes = b""
    ) -> CommandResult:
        """Run a program, never a shell's line; InputError where it is not there, OutsideError on time-out."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, time-zone aware."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
