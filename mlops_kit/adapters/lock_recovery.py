"""Looks at every dvc.lock of the work tree before DVC does, and puts back what a killed run emptied."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.pipeline.preflight import check_lock
from mlops_kit.core.pipeline.stages import LOCK_FILE


def recover_locks(git: GitRepository) -> tuple[str, ...]:
    """Replace emptied locks by the committed ones, and say so; raises what `check_lock` has against the others."""
    messages = []
    for path, better in _find_better(git):
        write_atomic(git.root / path, better)
        messages.append(f"{path} was empty: took it from the last commit")
    return tuple(messages)


def check_locks(git: GitRepository) -> None:
    """Raise what `check_lock` has against any lock, and InputError for an emptied one; nothing is written."""
    for path, _ in _find_better(git):
        raise InputError(
            "is empty, and the last commit's is not",
            location=Location(file=path),
            hint=f"a run takes the committed one; so does: git checkout -- {path}",
        )


def _find_better(git: GitRepository) -> Iterator[tuple[str, bytes]]:
    """Each emptied lock with the committed bytes."""
    paths = _lock_paths(git)
    committed = _read_committed(git, paths)
    for path in paths:
        data = read_limited(git.root, path)
        if data is not None and (better := check_lock(data, committed.get(path), file=path)) is not None:
            yield path, better


def _lock_paths(git: GitRepository) -> tuple[str, ...]:
    listed = git.expect("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f"*{LOCK_FILE}").output
    paths = {path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path}
    return tuple(sorted(path for path in paths if PurePosixPath(path).name == LOCK_FILE))


def _read_committed(git: GitRepository, paths: tuple[str, ...]) -> Mapping[str, bytes]:
    try:
        return git.read_files("HEAD", paths) if paths else {}
    except InputError:
        return {}
