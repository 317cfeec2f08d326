"""DVC's object store by digest: where an object lies in the cache, and how it gets there from the remote.

Touches the cache and never the work tree; trusts nothing that it finds (see artifacts.py and verify.py).
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.dvc.remote import remote_errors, remote_failure
from mlops_kit.core.errors import InputError, IntegrityError, RefusedError
from mlops_kit.core.pipeline.hashing import LEGACY_ALGORITHM
from mlops_kit.core.types import Digest

if TYPE_CHECKING:
    from dvc.data_cloud import Remote
    from dvc.repo import Repo


class ObjectStore:
    """The cache of one DVC repository, filled from its default remote when something is missing."""

    def __init__(self, repo: "Repo") -> None:
        self._repo = repo

    def locate(self, algorithm: str, value: str) -> Path:
        """Where an object lies, or would lie."""
        cache = self._repo.cache.legacy if algorithm == LEGACY_ALGORITHM else self._repo.cache.local
        return Path(cache.oid_to_path(value))

    def fetch(self, digest: Digest, parts: Sequence[str] = (), *, remote: str = "") -> None:
        """Bring a digest and, for a directory, its parts into the cache; the remote is asked only for what is missing.

        An empty name is the default remote. RefusedError where they are nowhere, OutsideError where the remote fails.
        """
        wanted = [Digest(algorithm=digest.algorithm, value=value) for value in (digest.value, *parts)]
        if lost := self.fetch_all(wanted, remote=remote or None):
            raise _nowhere(digest, self._explain(lost, wanted))

    def missing(self, digests: Iterable[Digest]) -> tuple[Digest, ...]:
        """Those that are not in the cache, each once; of a directory only its listing counts."""
        return tuple(one for one in dict.fromkeys(digests) if not self.locate(one.algorithm, one.value).is_file())

    def fetch_all(self, digests: Iterable[Digest], *, remote: str | None = None) -> tuple[Digest, ...]:
        """Ask a remote (None: the default one) once for everything that is missing; what it does not have.

        Of a directory only the listing is fetched. OutsideError where the remote fails.
        """
        missing = self.missing(digests)
        if missing:
            self._transfer(missing, remote)
        return self.missing(missing)

    def read_remote_sizes(self, digests: Iterable[Digest]) -> Mapping[Digest, int]:
        """The bytes of each object that the default remote has and tells the size of; OutsideError where it fails."""
        from dvc.config import RemoteConfigError

        sizes: dict[Digest, int] = {}
        for algorithm, group in _by_algorithm(digests).items():
            try:
                with remote_errors():
                    remote = self._repo.cloud.get_remote_odb(hash_name=algorithm)
                    paths = [remote.oid_to_path(digest.value) for digest in group]
                    told = remote.fs.info(paths, return_exceptions=True)
            except RemoteConfigError:
                continue
            sizes |= _sizes(group, told)
        return sizes

    def open_remote(self, name: str = "") -> "Remote | None":
        """A remote by name, the default one for an empty name; None where no remote is configured at all.

        RefusedError where there is none of that name, or remotes and no default; OutsideError where it cannot be
        opened.
        """
        from dvc.config import ConfigError
        from dvc.exceptions import DvcException

        if not name and not self._repo.config["remote"]:
            return None
        try:
            with remote_errors():
                return self._repo.cloud.get_remote(name or None)
        except ConfigError as error:
            wrong = f"there is no DVC remote {name!r}" if name else "no DVC remote is the default one"
            raise RefusedError(wrong, hint="dvc remote add, or choose one: dvc remote default NAME") from error
        except (DvcException, OSError) as error:
            raise remote_failure(error) from error

    def require_whole(self, digests: Iterable[Digest]) -> None:
        """IntegrityError where an object that was just fetched is damaged; it is not kept then."""
        for digest in digests:
            path = self.locate(digest.algorithm, digest.value)
            if (found := hash_object(path, digest)) != digest.value:
                path.unlink()
                raise IntegrityError(f"the DVC remote is damaged: expected {digest}, found {digest.algorithm}:{found}")

    def send(self, digests: Iterable[Digest], *, remote: str = "") -> None:
        """Bring objects of the cache into a remote (empty: the default one); OutsideError where one does not arrive."""
        from dvc.exceptions import DvcException
        from dvc_data.hashfile.hash_info import HashInfo

        with _noted_failures() as failures:
            try:
                with remote_errors():
                    done = self._repo.cloud.push(
                        [HashInfo(one.algorithm, one.value) for one in digests], remote=remote or None
                    )
            except (DvcException, OSError) as error:
                raise remote_failure(error) from error
        if done.failed:
            raise remote_failure(failures[0] if failures else OSError(f"{len(done.failed)} objects did not arrive"))

    def _transfer(self, digests: Sequence[Digest], remote: str | None) -> None:
        from dvc.config import RemoteConfigError
        from dvc.exceptions import DvcException
        from dvc_data.hashfile.hash_info import HashInfo
        from dvc_objects.errors import ObjectFormatError

        wanted = [HashInfo(one.algorithm, one.value) for one in digests]
        with _noted_failures() as failures:
            try:
                with remote_errors():
                    done = self._repo.cloud.pull(wanted, remote=remote)
            except (FileNotFoundError, RemoteConfigError):
                return
            except ObjectFormatError as error:
                raise IntegrityError(f"the DVC remote is damaged: {error}") from error
            except (DvcException, OSError) as error:
                raise remote_failure(error) from error
        self._drop_damaged(Digest(algorithm=info.name, value=info.value) for info in done.failed)
        for failure in failures:
            if not isinstance(failure, FileNotFoundError):
                raise remote_failure(failure) from failure

    def _drop_damaged(self, digests: Iterable[Digest]) -> None:
        """A download that failed half-way may lie in the cache as if it were whole (dvc_objects, fs/generic.py)."""
        for digest in digests:
            path = self.locate(digest.algorithm, digest.value)
            if path.is_file() and hash_object(path, digest) != digest.value:
                path.unlink()

    def _explain(self, lost: Sequence[Digest], wanted: Sequence[Digest]) -> str:
        if not self._repo.config["core"].get("remote"):
            return "they are not in the cache, and no default DVC remote is set"
        return f"{len(lost)} of {len(wanted)} objects are neither in the cache nor in the remote"


def _by_algorithm(digests: Iterable[Digest]) -> Mapping[str, Sequence[Digest]]:
    groups: dict[str, list[Digest]] = {}
    for digest in digests:
        groups.setdefault(digest.algorithm, []).append(digest)
    return groups


def _sizes(digests: Sequence[Digest], told: Sequence[Mapping[str, object] | Exception]) -> Iterator[tuple[Digest, int]]:
    for digest, answer in zip(digests, told, strict=True):
        if isinstance(answer, FileNotFoundError):
            continue
        if isinstance(answer, Exception):
            raise remote_failure(answer) from answer
        if isinstance(size := answer.get("size"), int):
            yield digest, size


@contextmanager
def open_store(root: Path, file: str) -> Iterator[ObjectStore]:
    """The store of the DVC repository that holds `file`, a path from `root`; InputError where there is none."""
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo

    for name in ("dvc", "dvc_data", "dvc_objects"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        repo = Repo(str(_nearest_folder(root, file)))
    except NotDvcRepoError as error:
        raise InputError(f"there is no DVC repository around {file}", hint="create one with: dvc init") from error
    try:
        yield ObjectStore(repo)
    finally:
        repo.close()


def hash_object(path: Path, digest: Digest) -> str:
    """The value that a file has by the digest's algorithm: the digest's own where its bytes are the right ones."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if digest.is_directory:
        return f"{found}.dir"
    return hash_legacy(path) if digest.algorithm == LEGACY_ALGORITHM and found != digest.value else found


def hash_legacy(path: Path) -> str:
    """The md5 that DVC 2 gave a file: of text, with unix line ends."""
    from dvc_data.hashfile.hash import file_md5

    value: str = file_md5(str(path), name=LEGACY_ALGORITHM)
    return value


class _Failures(logging.Handler):
    """Keeps the errors of single transfers, which DVC only logs."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error."""
        if record.exc_info and record.exc_info[1]:
            self.errors.append(record.exc_info[1])


@contextmanager
def _noted_failures() -> Iterator[Sequence[BaseException]]:
    handler, logger = _Failures(), logging.getLogger("dvc_data.hashfile.transfer")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        yield handler.errors
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def _nearest_folder(root: Path, file: str) -> Path:
    folder = (root / file).parent
    while not folder.is_dir() and folder != root:
        folder = folder.parent
    return folder


def _nowhere(digest: Digest, why: str) -> RefusedError:
    return RefusedError(
        f"the bytes of {digest} are nowhere: {why}",
        hint="on the machine that made them: dvc push",
    )
