"""DVC's cache as the source, and the configured remotes as the goal, of objects that another job made.

The remotes are those of the `.dvc/config` that is checked out. An object travels through the cache here, in which it
appears in one step; what a remote has is not sent again, so that an upload that was cut off can be repeated.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from mlops_kit.adapters.dvc.fetching import read_parts
from mlops_kit.adapters.dvc.inventory import Wanted, find_missing
from mlops_kit.adapters.dvc.store import ObjectStore, open_store
from mlops_kit.core.errors import IntegrityError, OutsideError, RefusedError
from mlops_kit.core.pipeline.stages import PIPELINE_FILE, join_path
from mlops_kit.core.ports.handing import CachedObject, KeptOutput
from mlops_kit.core.types import Digest


class DvcDepot:
    """The CacheShelf and Depot ports for the DVC roots of one repository."""

    def __init__(self, top: Path) -> None:
        self._top = top

    def find(self, outputs: Iterable[KeptOutput]) -> Mapping[Digest, CachedObject]:
        """The objects of outputs that are in the cache, a folder's files among them."""
        found: dict[Digest, CachedObject] = {}
        for root, group in _by_root(outputs):
            with open_store(self._top, join_path(root, PIPELINE_FILE)) as store:
                for digest in _cached_objects(store, group):
                    path = store.locate(digest.algorithm, digest.value)
                    if path.is_file():
                        found[digest] = CachedObject(location=path, size=path.stat().st_size)
        return found

    def upload(self, outputs: Iterable[KeptOutput], objects: Mapping[Digest, Path]) -> None:
        """Send those of the objects that the outputs are made of; IntegrityError for one that no output is made of.

        All are looked at before the first is sent.
        """
        wanted, left = tuple(outputs), set(objects)
        for store, _, group in self._each(wanted):
            left -= _belonging(store, group, objects)
        if left:
            raise IntegrityError(f"no output is made of the object {min(left)}", hint="nothing is committed")
        for store, remote, group in self._each(wanted):
            _upload(store, remote, _belonging(store, group, objects), objects)

    def _each(self, outputs: Iterable[KeptOutput]) -> Iterator[tuple[ObjectStore, str, tuple[KeptOutput, ...]]]:
        """The outputs of each remote of each root, with the root's cache."""
        for root, group in _by_root(outputs):
            with open_store(self._top, join_path(root, PIPELINE_FILE)) as store:
                for remote, wanted in _by_remote(group):
                    yield store, remote, wanted

    def find_missing(self, outputs: Iterable[KeptOutput]) -> frozenset[Digest]:
        """The digests whose bytes their remotes do not have in full; all where there is no remote."""
        missing: set[Digest] = set()
        for store, remote, wanted in self._each(outputs):
            missing |= _find_missing(store, remote, wanted)
        return frozenset(missing)


def _belonging(store: ObjectStore, outputs: Iterable[KeptOutput], objects: Mapping[Digest, Path]) -> set[Digest]:
    """Those of the objects that the outputs are made of; what folders are made of say their listings."""
    found: set[Digest] = set()
    for output in outputs:
        if output.digest.is_directory and output.digest in objects:
            _shelve(store, output.digest, objects[output.digest])
        parts = read_parts(store, output.digest) if _is_listed(store, output.digest) else ()
        found |= {digest for digest in (output.digest, *parts) if digest in objects}
    return found


def _upload(store: ObjectStore, remote: str, digests: set[Digest], objects: Mapping[Digest, Path]) -> None:
    """Send objects to one remote, by way of the cache."""
    if not digests:
        return
    _require_remote(store, remote)
    for digest in digests:
        if not digest.is_directory:
            _shelve(store, digest, objects[digest])
    store.send(digests, remote=remote)


def _find_missing(store: ObjectStore, remote: str, outputs: Iterable[KeptOutput]) -> set[Digest]:
    wanted = [Wanted(digest=one.digest, path=one.path, remote=one.remote, stored=one.stored) for one in outputs]
    if store.open_remote(remote) is None:
        return {one.digest for one in wanted}
    return {*find_missing(store, wanted)}


def _require_remote(store: ObjectStore, name: str) -> None:
    remote = store.open_remote(name)
    if remote is None:
        raise RefusedError("there is no DVC remote to keep the outputs", hint="dvc remote add --default NAME URL")
    if remote.worktree or remote.fs.version_aware:
        raise RefusedError(
            f"the DVC remote {remote.name!r} keeps versions, which only the run itself can write",
            hint="let a runner with access of its own push: mlops-kit reproduce --push",
        )


def _shelve(store: ObjectStore, digest: Digest, source: Path) -> None:
    """Have the object in the cache, whole or not at all, in the place of what an earlier job may have left there."""
    target = store.locate(digest.algorithm, digest.value)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        shutil.copyfile(source, part)
        part.chmod(0o444)
        part.replace(target)
    except OSError as error:
        raise OutsideError(f"cannot write to the DVC cache: {error.strerror}") from error


def _cached_objects(store: ObjectStore, outputs: Iterable[KeptOutput]) -> Iterator[Digest]:
    for output in outputs:
        yield output.digest
        if _is_listed(store, output.digest):
            yield from read_parts(store, output.digest)


def _is_listed(store: ObjectStore, digest: Digest) -> bool:
    return digest.is_directory and store.locate(digest.algorithm, digest.value).is_file()


def _by_root(outputs: Iterable[KeptOutput]) -> Iterator[tuple[str, tuple[KeptOutput, ...]]]:
    ordered = sorted(outputs, key=lambda one: (one.root, one.remote, one.path))
    return ((root, tuple(group)) for root, group in groupby(ordered, key=lambda one: one.root))


def _by_remote(outputs: Iterable[KeptOutput]) -> Iterator[tuple[str, tuple[KeptOutput, ...]]]:
    return ((name, tuple(group)) for name, group in groupby(outputs, key=lambda one: one.remote))
