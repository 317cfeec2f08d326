"""Bytes by digest, as files in a folder of the test."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_kit.core.errors import OutsideError
from mlops_kit.core.pipeline.hashing import hash_bytes, is_whole
from mlops_kit.core.types import Digest


class MemoryObjects:
    """The Objects port over a folder that stands for the cache and a mapping that stands for the remote.

    `failure` is what the remote answers in the place of bytes, empty where it works; `requests` are what it was asked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._remote: dict[Digest, bytes] = {}
        self.failure = ""
        self.requests: list[tuple[Digest, ...]] = []

    def add_cached(self, data: bytes) -> Digest:
        """Put bytes into the cache."""
        digest = hash_bytes(data)
        (self._folder / digest.value).write_bytes(data)
        return digest

    def add_remote(self, data: bytes) -> Digest:
        """Put bytes into the remote."""
        digest = hash_bytes(data)
        self._remote[digest] = data
        return digest

    def find(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, Path]:
        """Where the bytes lie; every root has the same."""
        del root
        wanted = tuple(dict.fromkeys(digests))
        if missing := tuple(digest for digest in wanted if not (self._folder / digest.value).is_file()):
            self._fetch(missing, limit)
        places = {digest: self._folder / digest.value for digest in wanted}
        return {digest: path for digest, path in places.items() if path.is_file()}

    def read(self, root: str, digests: Iterable[Digest], *, limit: int) -> Mapping[Digest, bytes]:
        """The bytes, without what is damaged or over the limit."""
        read = {digest: path.read_bytes() for digest, path in self.find(root, digests, limit=limit).items()}
        return {digest: data for digest, data in read.items() if len(data) <= limit and is_whole(data, digest)}

    def _fetch(self, digests: tuple[Digest, ...], limit: int) -> None:
        self.requests.append(digests)
        if self.failure:
            raise OutsideError(self.failure)
        for digest in digests:
            if len(data := self._remote.get(digest, b"")) <= limit and digest in self._remote:
                self.add_cached(data)
