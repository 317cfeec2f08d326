"""Writes what a commit changes into the work tree, where nobody's own changes are in the way."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.stages import LOCK_FILE
from mlops_kit.core.types import CommitSha

_LISTED = 5
_FILE_BYTES = 64 * 1024 * 1024
_HINT = "git commit the change, or git stash it"


def require_clean(git: GitRepository, baseline: CommitSha, written: Iterable[str]) -> None:
    """InputError where the work tree is not the commit, or where git does not know a file that a run writes.

    `written` are paths from the repository's top.
    """
    if git.resolve("HEAD") != baseline:
        raise InputError(f"the work tree is no longer at {baseline[:8]}, from which the trials started")
    changed = _split(
        git.expect("diff", "--name-only", "--no-renames", "--ignore-submodules=all", "-z", baseline).output
    )
    if changed:
        raise InputError(f"not committed: {_name(changed)}; the best trial would be mixed with it", hint=_HINT)
    tops = tuple(map(PurePosixPath, written))
    new = [
        path
        for path in _split(git.expect("ls-files", "-z", "--others", "--exclude-standard").output)
        if _is_written(path, tops)
    ]
    if new:
        raise InputError(f"not in git: {_name(new)}; the best trial would overwrite it", hint="git add and commit it")


def take_over(git: GitRepository, baseline: CommitSha, commit: CommitSha) -> None:
    """Write what the commit changes; InputError, before anything is written, for a file that git does not know."""
    words = ("diff", "--name-only", "--no-renames", "-z", baseline, commit)
    paths = _split(git.expect(*words).output)
    files = git.read_files(commit, paths)
    known = set(git.list_files(baseline))
    lost = [path for path in sorted(files) if path not in known and _differs(git, path, files[path])]
    if lost:
        raise InputError(f"not in git: {_name(lost)}; the best trial would overwrite it", hint="move it away")
    for path in paths:
        if path in files:
            write_atomic(git.root / path, files[path])
        else:
            (git.root / path).unlink(missing_ok=True)


def _differs(git: GitRepository, path: str, data: bytes) -> bool:
    found = read_limited(git.root, path, limit=_FILE_BYTES)
    return found is not None and found != data


def _is_written(path: str, tops: tuple[PurePosixPath, ...]) -> bool:
    place = PurePosixPath(path)
    return place.name == LOCK_FILE or any(place.is_relative_to(top) for top in tops)


def _split(listed: bytes) -> list[str]:
    return [path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path]


def _name(paths: list[str]) -> str:
    more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
    return f"{', '.join(paths[:_LISTED])}{more}"
