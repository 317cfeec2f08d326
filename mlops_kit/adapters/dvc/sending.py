"""What goes to the DVC remote and comes from it beside the data of the lock: records of the run-cache, small outputs.

DVC sends a record of the run-cache for every stage, but not the outputs with `cache: false` that the record names;
and it sends every record every time.
"""

import contextlib
from collections.abc import Iterable, Iterator

from dvc.config import RemoteConfigError
from dvc.fs import HTTPFileSystem
from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage
from dvc_data.hashfile.db import HashFileDB
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree
from dvc_objects.errors import ObjectFormatError
from dvc_objects.fs.generic import copy

from mlops_kit.adapters.dvc.remote import remote_failure
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.pipeline.hashing import LEGACY_ALGORITHM

_RUNS = "runs"


def push(repo: Repo, only: Stage | None = None) -> None:
    """Send all outputs, or one stage's, the small uncached ones, and then the records that name them.

    OutsideError where something did not arrive. Objects that the remote has are not sent again.
    """
    repo._reset()
    repo.push([only.addressing] if only else None)
    uncached = set(_uncached_objects([only] if only else repo.index.stages))
    if uncached and (failed := repo.cloud.push(uncached).failed):
        raise OutsideError(f"the DVC remote did not take {len(failed)} uncached objects", hint="push again")
    with _runs_of_remote(repo, "push") as remote:
        if remote:
            _copy_new(repo.cache.legacy, remote)


def pull_runs(repo: Repo) -> None:
    """Fetch the records of the run-cache that are not here."""
    with _runs_of_remote(repo, "fetch") as remote:
        if remote:
            _copy_new(remote, repo.cache.legacy)


@contextlib.contextmanager
def _runs_of_remote(repo: Repo, verb: str) -> Iterator[HashFileDB | None]:
    """The default remote as a place for records; None where there is none, or it keeps no records."""
    try:
        remote = repo.cloud.get_remote_odb(None, f"{verb} --run-cache", hash_name=LEGACY_ALGORITHM)
    except RemoteConfigError:
        remote = None
    yield None if remote is None or isinstance(remote.fs, HTTPFileSystem) else remote


def _copy_new(source: HashFileDB, target: HashFileDB) -> None:
    """Copy the records that the target lacks, in one call; a record's name is the hash of its content."""
    wanted = _records(source) - _records(target)
    failures: list[BaseException] = []
    if wanted:
        names = sorted(wanted)
        copy(
            source.fs,
            [source.fs.join(source.path, _RUNS, *name) for name in names],
            target.fs,
            [target.fs.join(target.path, _RUNS, *name) for name in names],
            on_error=lambda _source, _target, error: failures.append(error),
        )
    if failures:
        raise remote_failure(failures[0]) from failures[0]


def _records(store: HashFileDB) -> set[tuple[str, ...]]:
    """The records of a run-cache, by the parts of their path in it."""
    folder = store.fs.join(store.path, _RUNS)
    if not store.fs.exists(folder):
        return set()
    return {tuple(store.fs.relparts(path, folder)) for path in store.fs.find(folder)}


def _uncached_objects(stages: Iterable[Stage]) -> Iterator[HashInfo]:
    """Outputs with `cache: false` whose bytes are in the cache for the run-cache, directories with their files."""
    for stage in stages:
        for out in stage.outs:
            if not out.use_cache and out.hash_info and out.is_in_repo:
                yield from _objects(out)


def _objects(out: Output) -> Iterable[HashInfo]:
    cache = out.local_cache
    if not cache.exists(out.hash_info.value):
        return ()
    if not out.hash_info.isdir:
        return (out.hash_info,)
    try:
        return (out.hash_info, *(info for _, _, info in Tree.load(cache, out.hash_info)))
    except (FileNotFoundError, ObjectFormatError):
        return ()
