"""Looks at every dvc.lock of the work tree before DVC does, and puts back what a killed run emptied."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.preflight import check_lock
from mlops_kit.core.pipeline.stages import LOCK_FILE


def recover_locks(git: GitRepository) -> tuple[str, ...]:
    """Replace emptied locks by the committed ones, and say so; raises what `check_lock` has against the others."""
    paths = _lock_paths(git)
    committed = _read_committed(git, paths)
    messages = []
    for path in paths:
        data = read_limited(git.root, path)
        if data is not None and (better := check_lock(data, committed.get(path), file=path)) is not None:
            write_atomic(git.root / path, better)
            messages.append(f"{path} was empty: took it from the last commit")
    return tuple(messages)


def _lock_paths(git: GitRepository) -> tuple[str, ...]:
    listed = git.expect("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f"*{LOCK_FILE}").output
    paths = {path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0") if path}
    return tuple(sorted(path for path in paths if PurePosixPath(path).name == LOCK_FILE))


def _read_committed(git: GitRepository, paths: tuple[str, ...]) -> Mapping[str, bytes]:
    try:
        return git.read_files("HEAD", paths) if paths else {}
    except InputError:
        return {}
