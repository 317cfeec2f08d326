"""Says what is checked out: commit, branch, and which tracked files differ from the commit."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.pipeline.stages import LOCK_FILE
from mlops_kit.core.tracking import Checkout

_IGNORE_FILE = ".gitignore"


def read_checkout(git: GitRepository, written: Iterable[str]) -> Checkout:
    """The state of the work tree; `written` are the paths that stages write. InputError without a commit."""
    branch = git.call("symbolic-ref", "--quiet", "--short", "HEAD")
    return Checkout(
        commit=git.resolve("HEAD"),
        branch=branch.text if branch.code == 0 else "",
        dirty=bool(changed_paths(git, written)),
    )


def changed_paths(git: GitRepository, written: Iterable[str]) -> tuple[str, ...]:
    """Tracked files that differ from the commit, in the index or on disk, sorted; submodules are not looked at.

    Left out is what a run may change: lock files, `.gitignore` files and what stages write, from the repository's top.
    """
    own = tuple(written)
    words = ("diff", "--name-only", "--no-renames", "--ignore-submodules=all", "-z", "HEAD", "--")
    listed = git.expect(*words).output
    paths = sorted(path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path)
    return tuple(path for path in paths if not _is_written(path, own))


def _is_written(path: str, own: tuple[str, ...]) -> bool:
    place = PurePosixPath(path)
    return place.name in {LOCK_FILE, _IGNORE_FILE} or any(place.is_relative_to(top) for top in own)
