"""A work tree of its own for one commit, in a folder, without history and without a copy of the objects.

It borrows the objects of the repository that it is made from, and leaves no trace in that. What a trial did there
is read back as contents of files; git there never commits.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from mlops_kit.adapters import process
from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.types import CommitSha

_CHECKOUT_SECONDS = 600.0
_FILE_BYTES = 64 * 1024 * 1024
_SPECIAL = frozenset("\\*?[]!#")
_SHA1_CHARACTERS = 40


class Desk:
    """The work tree; `environment` is what git gets."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        self._git: GitRepository | None = None

    def lay_out(self, source: GitRepository, commit: CommitSha) -> None:
        """Check the commit out into the empty folder; OutsideError where git cannot."""
        self.folder.mkdir(parents=True)
        kind = "sha1" if len(commit) == _SHA1_CHARACTERS else "sha256"
        words = ("git", "init", "--quiet", "--template=", f"--object-format={kind}", str(self.folder))
        call = process.Call(words=words, folder=self.folder, environment=self._environment, title="git init")
        made = process.run(call)
        if made.code != 0:
            raise OutsideError(f"git init failed: {made.errors.strip()}")
        own = self.folder / ".git"
        objects = source.root / source.expect("rev-parse", "--git-path", "objects").text
        write_atomic(own / "objects" / "info" / "alternates", f"{_quote(objects)}\n".encode())
        write_atomic(own / "shallow", f"{commit}\n".encode())
        self._git = git = GitRepository(self.folder, self._environment)
        storage = source.root / source.expect("rev-parse", "--git-path", "lfs").text
        git.expect("config", "lfs.storage", str(storage))
        self._check_out(commit)

    def clear(self, commit: CommitSha, *, kept: Iterable[str]) -> None:
        """Make it what the commit has again; of what git does not track only `kept` (paths from the top) stays."""
        git = self._opened()
        self._check_out(commit)
        words = [word for path in kept if path.isprintable() for word in ("-e", f"/{_escape(path)}")]
        git.expect("clean", "-f", "-f", "-d", "-x", "--quiet", *words)

    def read_changes(self, written: Iterable[str]) -> tuple[Mapping[str, bytes], frozenset[str]]:
        """What differs from the commit: new contents by path, and the paths that are gone.

        Files that git does not track yet count where they are named in `written`, or lie below that.
        """
        git, tops = self._opened(), tuple(PurePosixPath(path) for path in written)
        tracked = _split(
            git.expect("diff", "--name-only", "--no-renames", "--ignore-submodules=all", "-z", "HEAD").output
        )
        new = _split(git.expect("ls-files", "-z", "--others", "--exclude-standard").output)
        paths = {*tracked, *(path for path in new if any(PurePosixPath(path).is_relative_to(top) for top in tops))}
        found = {path: read_limited(self.folder, path, limit=_FILE_BYTES) for path in sorted(paths)}
        files = {path: data for path, data in found.items() if data is not None}
        return files, frozenset(path for path in tracked if path not in files)

    def _opened(self) -> GitRepository:
        return self._git or GitRepository(self.folder, self._environment)

    def _check_out(self, commit: CommitSha) -> None:
        words = ("checkout", "--quiet", "--force", "--detach", commit)
        done = self._opened().call(*words, timeout_seconds=_CHECKOUT_SECONDS)
        if done.code != 0:
            why = (done.errors.strip().splitlines() or ["no message"])[-1]
            raise OutsideError(f"the commit {commit[:8]} could not be checked out for a trial: {why}")


def _split(listed: bytes) -> tuple[str, ...]:
    return tuple(path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path)


def _escape(path: str) -> str:
    """The path as a pattern of a .gitignore that fits it alone."""
    text = "".join(f"\\{char}" if char in _SPECIAL else char for char in path)
    return f"{text[:-1]}\\ " if text.endswith(" ") else text


def _quote(path: Path) -> str:
    """A line of git's `alternates`, which may be quoted as in C (gitrepository-layout)."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
