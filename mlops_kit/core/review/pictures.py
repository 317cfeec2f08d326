"""The pictures that a comment shows: their names, which commit holds them, and whether an image is what it claims.

What a comment says about its pictures stands in the line below its marker, which only the kit writes: an address
further down may come from a stranger's text and means nothing. Values only.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.review.images import image_file
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
    """The pictures of a report: the address of each by `picture_key`, the album they are in, and what is missing.

    `was_there` says that the album was kept already, and nothing had to be published.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    album: Album | None = None
    notes: tuple[str, ...] = ()
    was_there: bool = False


def under_album(album: Album | None, text: str) -> str:
    """A comment's text, below the line that says where its pictures are."""
    return f"{album}\n{text}" if album else text


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
    """IntegrityError where the bytes are not those that the image's name tells, or are no image of that kind."""
    if image_file(data) != image.file:
        raise IntegrityError(
            "the file is not the image that its name tells",
            location=Location(file=image.file),
            hint="its name is the sha256 of its bytes, and the ending that its content has",
        )
