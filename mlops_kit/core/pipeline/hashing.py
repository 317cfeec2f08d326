"""Digests as DVC computes them, of bytes and of folder listings."""

import json
from collections.abc import Mapping
from hashlib import md5

from mlops_kit.core.types import Digest

ALGORITHM = "md5"
LEGACY_ALGORITHM = "md5-dos2unix"


def hash_bytes(data: bytes) -> Digest:
    """The digest that DVC 3 gives a file with these bytes."""
    return Digest(algorithm=ALGORITHM, value=_hex(data))


def hash_folder(values: Mapping[str, str]) -> Digest:
    """The digest that DVC 3 gives a folder: of its listing, relative path to the files' own md5."""
    listing = [{"md5": value, "relpath": path} for path, value in sorted(values.items())]
    return Digest(algorithm=ALGORITHM, value=f"{_hex(json.dumps(listing, sort_keys=True).encode())}.dir")


def hashes_to(data: bytes, digest: Digest) -> bool | None:
    """Whether bytes are those of a digest; None where it is of a kind that the kit does not compute.

    DVC 2 hashed text with unix line ends, and guessed what is text: both readings are accepted.
    """
    match digest.algorithm:
        case "md5":
            return _hex(data) == digest.value
        case "md5-dos2unix":
            return digest.value in {_hex(data), _hex(data.replace(b"\r\n", b"\n"))}
        case _:
            return None


def _hex(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()
