"""Reads the listing that DVC keeps of a folder: an object whose digest ends in `.dir`."""

import json
from pathlib import PurePosixPath

from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.types import Digest


def parse_listing(data: bytes, digest: Digest) -> dict[str, str]:
    """Relative path to md5 of every file of a directory; IntegrityError where a path leaves it."""
    try:
        entries = {str(entry["relpath"]): str(entry["md5"]) for entry in json.loads(data)}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IntegrityError(f"the listing of {digest} is not one that DVC writes") from error
    for name in entries:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            raise IntegrityError("a file of the folder leaves it", location=Location(file=name))
    return entries
