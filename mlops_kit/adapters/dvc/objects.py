"""Finds bytes by digest: in DVC's cache, else by one call of its remote.

The remote is asked by a process of its own with a time limit (see finding.py), so that one that hangs is an error and
not a hang. DVC trusts what lies in a cache; here bytes are compared with their digest whenever they are read.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mlops_kit.adapters import process
from mlops_kit.adapters.dvc.resolver import QUIET
from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.adapters.files import read_limited
from mlops_kit.core.errors import InputError, IntegrityError, OutsideError
from mlops_kit.core.pipeline.hashing import COMPUTED, LEGACY_ALGORITHM, is_whole
from mlops_kit.core.types import Digest

TIMEOUT_SECONDS = 120.0
_MODULE = "mlops_kit.adapters.dvc.finding"
_VALUE = re.compile(r"[0-9a-f]{32}(\.dir)?")


class DvcObjects:
    """The Objects port over the repository at `root`; `environment` is what DVC and its remotes get.

    A remote is asked for a digest once, and not at all once it failed.
    """

    def __init__(self, root: Path, environment: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._root = root
        self._environment = {**environment, **QUIET}
        self._timeout_seconds = timeout_seconds
        self._caches: dict[Path, tuple[Path, ...]] = {}
        self._asked: set[tuple[Path, Digest, int]] = set()
        self._failures: dict[Path, str] = {}

    def find(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, Path]:
        """Where the bytes lie of those that can be had, for a DVC root; see the port."""
        dvc_root = find_dvc_root(self._root / root, top=self._root)
        wanted = tuple(one for one in dict.fromkeys(digests) if _is_sound(one))
        if dvc_root is None or not wanted:
            return {}
        found = _look(dvc_root / ".dvc" / "cache", wanted)
        for cache in self._other_caches(dvc_root) if len(found) < len(wanted) else ():
            found |= _look(cache, (one for one in wanted if one not in found))
        missing = tuple(one for one in wanted if one not in found and (dvc_root, one, limit) not in self._asked)
        if missing:
            found |= self._ask_once(dvc_root, missing, limit)
        return found

    def read(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, bytes]:
        """The bytes of those that can be had, are whole and not over the limit; see the port."""
        read = {digest: _read(path, limit) for digest, path in self.find(root, digests, limit=limit).items()}
        return {digest: data for digest, data in read.items() if data is not None and is_whole(data, digest)}

    def _other_caches(self, dvc_root: Path) -> tuple[Path, ...]:
        """The cache that DVC's configuration names in the place of the usual one."""
        if dvc_root not in self._caches:
            self._caches[dvc_root] = tuple(_configured_caches(dvc_root))
        return self._caches[dvc_root]

    def _ask_once(self, dvc_root: Path, digests: tuple[Digest, ...], limit: int) -> dict[Digest, Path]:
        if dvc_root in self._failures:
            raise OutsideError(self._failures[dvc_root])
        try:
            found = self._fetch(dvc_root, digests, limit)
        except OutsideError as error:
            self._failures[dvc_root] = str(error)
            raise
        self._asked |= {(dvc_root, digest, limit) for digest in digests}
        return found

    def _fetch(self, dvc_root: Path, digests: Iterable[Digest], limit: int) -> dict[Digest, Path]:
        request = json.dumps({"limit": limit, "digests": [str(one) for one in digests]})
        done = process.run(
            process.Call(
                words=[sys.executable, "-I", "-m", _MODULE, str(dvc_root)],
                folder=self._root,
                environment=self._environment,
                stdin=request.encode(),
                timeout_seconds=self._timeout_seconds,
                title="the DVC remote",
            )
        )
        found = {Digest.parse(text): Path(place) for text, place in _parse(done).items()}
        return {digest: path for digest, path in found.items() if _is_regular(path)}


def _is_sound(digest: Digest) -> bool:
    """Whether a digest is one that DVC makes: it becomes a path and comes from a file that anybody may write."""
    return digest.algorithm in COMPUTED and _VALUE.fullmatch(digest.value) is not None


def _look(cache: Path, digests: Iterable[Digest]) -> dict[Digest, Path]:
    places = {digest: _place(cache, digest) for digest in digests}
    return {digest: path for digest, path in places.items() if _is_regular(path)}


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _read(path: Path, limit: int) -> bytes | None:
    try:
        return read_limited(path.parent, path.name, limit=limit)
    except (InputError, IntegrityError):
        return None


def _place(cache: Path, digest: Digest) -> Path:
    """Where DVC keeps an object (dvc_data, hashfile/db, oid_to_path)."""
    top = cache if digest.algorithm == LEGACY_ALGORITHM else cache / "files" / digest.algorithm
    return top / digest.value[:2] / digest.value[2:]


def _configured_caches(dvc_root: Path) -> Iterator[Path]:
    from dvc.config import Config, ConfigError

    try:
        folder = Config(str(dvc_root / ".dvc")).get("cache", {}).get("dir")
    except (ConfigError, OSError):
        return  # the process that asks the remote says what is wrong
    if folder:
        yield Path(str(folder))


def _parse(done: process.Completed) -> Mapping[str, str]:
    try:
        answer = json.loads(done.output)
        if "error" not in answer:
            return {str(text): str(place) for text, place in answer["found"].items()}
    except (ValueError, TypeError, KeyError) as error:
        last = (done.errors.strip().splitlines() or ["no message"])[-1]
        raise OutsideError(f"DVC's fetcher ended with exit code {done.code}: {last}") from error
    raise OutsideError(str(answer["error"]))
