"""Files as bytes, unpacked where they are packed; what fails is told with the file's name."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from mlops_kit.core.drift.profile import DataFile
from mlops_kit.core.errors import InputError, Location

_GZIP = b"\x1f\x8b"


def is_packed(file: DataFile) -> bool:
    """Whether a file is gzip, whatever its name says."""
    with _telling(file), file.place.open("rb") as stream:
        return stream.read(len(_GZIP)) == _GZIP


@contextmanager
def open_unpacked(file: DataFile) -> Iterator[IO[bytes]]:
    """A file's bytes for reading; InputError where they cannot be read to where they are."""
    packed = is_packed(file)
    with _telling(file), file.place.open("rb") as stream:
        yield cast(IO[bytes], gzip.GzipFile(fileobj=stream)) if packed else stream


@contextmanager
def _telling(file: DataFile) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        hint = "fetch or write the file again"
        raise InputError(f"cannot be read: {error}", hint=hint, location=Location(file=file.name)) from error
