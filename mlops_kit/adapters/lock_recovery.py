"""Looks at every dvc.lock of the work tree before DVC does, and puts back what was emptied or cut short."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.lock_copies import bind_copies, is_newest, read_copy
from mlops_kit.core.errors import InputError, Location
from mlops_kit.core.pipeline.preflight import Copy, Recovery, check_lock
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE

_LIMIT = 1024**3


def recover_locks(git: GitRepository) -> tuple[str, ...]:
    """Replace damaged locks by their last good bytes, and say so; raises what `check_lock` has against the others."""
    paths = _lock_paths(git)
    committed = _read_committed(git, paths)
    messages = []
    for path, found in _find_better(git, paths, committed):
        write_atomic(git.root / path, found.data)
        messages.append(f"{path} was {found.state}: took it from {found.origin}")
    _bind(git.root, paths, committed)
    return tuple(messages)


def check_locks(git: GitRepository) -> None:
    """Raise what `check_lock` has against any lock, and InputError for a damaged one; nothing is written."""
    paths = _lock_paths(git)
    for path, found in _find_better(git, paths, _read_committed(git, paths)):
        hint = f"a run takes it from {found.origin}; so would: git checkout -- {path}"
        raise InputError(f"is {found.state}", location=Location(file=path), hint=hint)


def _find_better(
    git: GitRepository, paths: tuple[str, ...], committed: Mapping[str, bytes]
) -> Iterator[tuple[str, Recovery]]:
    """Each damaged lock with what is better."""
    for path in paths:
        data = read_limited(git.root, path, limit=_LIMIT)
        if data is None:
            continue
        copies = _copies(git.root, path, committed.get(path))
        pipeline = read_limited(git.root, path.removesuffix(LOCK_FILE) + PIPELINE_FILE, limit=_LIMIT)
        if found := check_lock(data, copies, file=path, pipeline=pipeline):
            yield path, found


def _copies(top: Path, path: str, committed: bytes | None) -> tuple[Copy, ...]:
    """The known earlier contents of a lock, the newest first."""
    commit = (Copy(data=committed, origin="the last commit"),) if committed is not None else ()
    root = find_dvc_root((top / path).parent, top=top)
    kept = read_copy(root, top / path) if root else None
    if root is None or kept is None:
        return commit
    own = (Copy(data=kept, origin="the copy of what mlops-kit wrote last"),)
    return (*own, *commit) if is_newest(root, top / path, committed) else (*commit, *own)


def _bind(top: Path, paths: tuple[str, ...], committed: Mapping[str, bytes]) -> None:
    for path in paths:
        if root := find_dvc_root((top / path).parent, top=top):
            bind_copies(root, {top / path: committed.get(path, b"")})


def _lock_paths(git: GitRepository) -> tuple[str, ...]:
    return tuple(sorted(path for path in git.list_work_tree(f"*{LOCK_FILE}") if PurePosixPath(path).name == LOCK_FILE))


def _read_committed(git: GitRepository, paths: tuple[str, ...]) -> Mapping[str, bytes]:
    try:
        return git.read_files("HEAD", paths) if paths else {}
    except InputError:
        return {}
