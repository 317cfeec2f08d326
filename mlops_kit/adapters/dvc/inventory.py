"""Says which bytes a DVC remote does not have; nothing but the listings of folders is downloaded.

Run as a process of its own (`python -I -m mlops_kit.adapters.dvc.inventory ROOT`), so that its caller can bound the
time. Standard input says what is wanted (see `write_request`). The answer is `{"missing": [DIGEST, …]}`, or
`{"error": …}` where the remote fails.
"""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_kit.adapters.dvc.fetching import read_parts
from mlops_kit.adapters.dvc.remote import remote_errors, remote_failure
from mlops_kit.adapters.dvc.store import ObjectStore, hash_object, open_store
from mlops_kit.core.errors import IntegrityError, KitError
from mlops_kit.core.pipeline.hashing import LEGACY_ALGORITHM
from mlops_kit.core.types import Digest, StoredFile

if TYPE_CHECKING:
    from dvc.data_cloud import Remote
    from dvc_data.hashfile.db import HashFileDB

_VALUE = re.compile(r"[0-9a-f]{32}(\.dir)?")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One output: its digest, its path from the DVC root, and where remotes keep it (see Model)."""

    digest: Digest
    path: str
    remote: str = ""
    stored: tuple[StoredFile, ...] = ()


def write_request(wanted: Iterable[Wanted]) -> bytes:
    """What standard input says."""
    return json.dumps([{**asdict(one), "digest": str(one.digest)} for one in wanted]).encode()


def find_missing(store: ObjectStore, wanted: Iterable[Wanted]) -> frozenset[Digest]:
    """The digests whose bytes their remotes do not have in full; OutsideError where a remote fails."""
    by_remote = groupby(sorted(wanted, key=lambda one: one.remote), key=lambda one: one.remote)
    return frozenset(digest for name, group in by_remote for digest in _find_in(store, name, tuple(group)))


def _find_in(store: ObjectStore, name: str, wanted: Sequence[Wanted]) -> Iterator[Digest]:
    """The digests that one remote lacks; where there is none at all, the cache."""
    remote = store.open_remote(name)
    if remote is not None and (remote.worktree or remote.fs.version_aware):
        yield from _find_lost_versions(remote, wanted)
        return
    sound = {one.digest for one in wanted if _VALUE.fullmatch(one.digest.value)}
    yield from (one.digest for one in wanted if one.digest not in sound)
    if remote is not None:
        store.fetch_all((digest for digest in sound if digest.is_directory), remote=name or None)
    objects = {digest: tuple(_objects(store, digest)) for digest in sound}
    everything = tuple(dict.fromkeys(one for parts in objects.values() for one in parts))
    lost = set(store.missing(everything) if remote is None else _find_lost_objects(remote, everything))
    yield from (digest for digest, parts in objects.items() if not parts or lost.intersection(parts))


def _objects(store: ObjectStore, digest: Digest) -> Iterator[Digest]:
    """What a digest is made of: itself, and of a folder all files. Nothing where a listing is nowhere.

    Of a folder whose listing is damaged only itself: whoever reads it finds out.
    """
    path = store.locate(digest.algorithm, digest.value)
    if not digest.is_directory:
        yield digest
    elif path.is_file():
        yield digest
        with contextlib.suppress(IntegrityError):
            yield from read_parts(store, digest) if hash_object(path, digest) == digest.value else ()


def _find_lost_objects(remote: "Remote", digests: Sequence[Digest]) -> Iterator[Digest]:
    """The objects that are not where a remote keeps objects by their digest."""
    paths = {digest: _database(remote, digest).oid_to_path(digest.value) for digest in digests}
    lost = set(_find_lost(remote, tuple(paths.values())))
    yield from (digest for digest, path in paths.items() if path in lost)


def _database(remote: "Remote", digest: Digest) -> "HashFileDB":
    return remote.legacy_odb if digest.algorithm == LEGACY_ALGORITHM else remote.odb


def _find_lost_versions(remote: "Remote", wanted: Iterable[Wanted]) -> Iterator[Digest]:
    """The digests that a versioned remote lacks: it keeps files by their paths, and the lock says which versions."""
    places = {one.digest: tuple(_version_paths(remote, one)) for one in wanted}
    lost = set(_find_lost(remote, tuple(path for paths in places.values() for path in paths)))
    yield from (digest for digest, paths in places.items() if not paths or lost.intersection(paths))


def _version_paths(remote: "Remote", one: Wanted) -> Iterator[str]:
    for file in one.stored:
        if file.remote == remote.name:
            path = remote.fs.join(remote.path, *one.path.split("/"), *file.path.split("/"))
            yield remote.fs.version_path(path.rstrip("/"), file.version)


def _find_lost(remote: "Remote", paths: Sequence[str]) -> Iterator[str]:
    """The paths that are not there, all asked in one call; OutsideError where the remote does not say."""
    with remote_errors():
        told = remote.fs.info(list(paths), return_exceptions=True) if paths else []
    for path, answer in zip(paths, told, strict=True):
        if isinstance(answer, Exception):
            if failure := _failure(answer):
                raise remote_failure(failure) from answer
            yield path


def _failure(answer: BaseException) -> BaseException | None:
    """Why a remote did not say; None where it said that there is no such file.

    fsspec tells every failure of an HTTP remote as a file that is not found (implementations/http.py, `_info`).
    """
    if not isinstance(answer, FileNotFoundError):
        return answer
    cause = answer.__cause__
    hidden = cause is not None and type(cause).__module__.startswith("aiohttp")
    return cause if hidden and getattr(cause, "status", None) != HTTPStatus.NOT_FOUND else None


def main(root: str) -> dict[str, Any]:
    """The answer to the request on standard input."""
    wanted = [_read_wanted(entry) for entry in json.load(sys.stdin)]
    try:
        with open_store(Path(root), "dvc.yaml") as store:
            return {"missing": sorted(map(str, find_missing(store, wanted)))}
    except KitError as error:
        return {"error": str(error), "hint": error.hint}


def _read_wanted(entry: Mapping[str, Any]) -> Wanted:
    return Wanted(
        digest=Digest.parse(entry["digest"]),
        path=entry["path"],
        remote=entry["remote"],
        stored=tuple(StoredFile(**file) for file in entry["stored"]),
    )


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.stdout.write(json.dumps(main(sys.argv[1])))
