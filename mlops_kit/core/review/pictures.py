"""The pictures that a comment shows: their names, which commit holds them, and whether an image is what it claims.

What a comment says about its pictures stands in the line below its marker, which only the kit writes: an address
further down may come from a stranger's text and means nothing. Values only.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.review.plots import Image, SideName
from mlops_kit.core.types import CommitSha

PICTURE_LIMIT = 20
"""Pictures of one comment, the images of both sides counted."""
PICTURES_BYTES = 2 * 1024 * 1024
"""Bytes of all pictures of one comment."""

_NAME = r"[0-9a-f]{16}\.(?:svg|png|jpg|gif|webp)"
_ALBUM = re.compile(
    r"[^\n]*\n<!-- mlops-kit:pictures:v1 commit=(?P<commit>[0-9a-f]{40})"
    rf" files=(?P<names>{_NAME}(?:,{_NAME}){{0,99}}) -->"
)
_MAGIC: Mapping[str, re.Pattern[bytes]] = MappingProxyType(
    {
        "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
        "jpg": re.compile(rb"\xff\xd8\xff"),
        "gif": re.compile(rb"GIF8[79]a"),
        "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    }
)


@dataclass(frozen=True, kw_only=True)
class Album:
    """A set of pictures as it was published: the commit that holds them, and their names, sorted."""

    commit: CommitSha
    names: tuple[str, ...]

    def __str__(self) -> str:
        """The album as an HTML comment, which GitHub does not show."""
        return f"<!-- mlops-kit:pictures:v1 commit={self.commit} files={','.join(self.names)} -->"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The pictures of a report: the address of each by `picture_key`, the album they are in, and what is missing."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    album: Album | None = None
    notes: tuple[str, ...] = ()

    def head(self, text: str) -> str:
        """A comment's text with the line above it that says where its pictures are."""
        return f"{self.album}\n{text}" if self.album else text


def parse_album(body: str) -> Album | None:
    """The album that a comment of our own shows, None where it shows none."""
    found = _ALBUM.match(body)
    return Album(commit=CommitSha(found["commit"]), names=tuple(found["names"].split(","))) if found else None


def picture_key(path: str, side: SideName = "head") -> str:
    """Under which key the picture of a plot stands; only image plots have one of base besides."""
    return path if side == "head" else f"{path}@base"


def picture_name(data: bytes, ending: str) -> str:
    """A name that tells the content, so that the address of an unchanged picture is known before it is published."""
    return f"{hashlib.sha256(data).hexdigest()[:16]}.{ending}"


def is_picture_name(name: str) -> bool:
    """Whether a file's name is one that `picture_name` gives."""
    return re.fullmatch(_NAME, name) is not None


def check_image(image: Image, data: bytes) -> None:
    """IntegrityError where the bytes are not those that the name tells, or not an image of that kind."""
    digest, _, ending = image.file.partition(".")
    if hashlib.sha256(data).hexdigest() != digest:
        raise IntegrityError("the image's bytes are not those that its name tells", location=Location(file=image.file))
    if not _MAGIC[ending].match(data):
        raise IntegrityError(f"not a {ending} image, whatever its name says", location=Location(file=image.file))
