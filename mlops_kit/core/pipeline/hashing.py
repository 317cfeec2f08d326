"""Digests as DVC computes them, of bytes and of folder listings."""

import json
from collections.abc import Mapping
from hashlib import md5

from mlops_kit.core.types import Digest

ALGORITHM = "md5"
LEGACY_ALGORITHM = "md5-dos2unix"
COMPUTED = frozenset({ALGORITHM, LEGACY_ALGORITHM})
"""The algorithms whose digests the kit computes itself."""

_POINTER_START = b"version https://git-lfs.github.com/spec/"


def hash_bytes(data: bytes) -> Digest:
    """The digest that DVC 3 gives a file with these bytes."""
    return Digest(algorithm=ALGORITHM, value=_hex(data))


def hash_folder(values: Mapping[str, str]) -> Digest:
    """The digest that DVC 3 gives a folder: of its listing, relative path to the files' own md5."""
    listing = [{"md5": value, "relpath": path} for path, value in sorted(values.items())]
    return Digest(algorithm=ALGORITHM, value=f"{_hex(json.dumps(listing, sort_keys=True).encode())}.dir")


def hashes_to(data: bytes, digest: Digest) -> bool | None:
    """Whether bytes are those of a digest; None where that cannot be said: a kind that the kit does not compute, or
    a Git LFS pointer, whose bytes lie elsewhere.

    DVC 2 hashed text with unix line ends, and guessed what is text: both readings are accepted.
    """
    return None if is_pointer(data) or digest.algorithm not in COMPUTED else digest.value in _values(data, digest)


def is_whole(data: bytes, digest: Digest) -> bool:
    """Whether an object of DVC's cache, a file or a folder's listing, has the bytes that its digest names."""
    return digest.algorithm in COMPUTED and digest.value.removesuffix(".dir") in _values(data, digest)


def is_pointer(data: bytes) -> bool:
    """Whether git keeps only a Git LFS pointer of the file (git-lfs, docs/spec.md)."""
    return data.startswith(_POINTER_START)


def _values(data: bytes, digest: Digest) -> frozenset[str]:
    plain = frozenset({_hex(data)})
    return plain | {_hex(data.replace(b"\r\n", b"\n"))} if digest.algorithm == LEGACY_ALGORITHM else plain


def _hex(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()
