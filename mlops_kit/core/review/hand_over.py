"""What a run hands over to a job that may write: changed locks, small files and objects, as a document beside them.

Whoever takes it treats all of it as data from a stranger. It names a commit only so that a mix-up is noticed: which
pull request it belongs to, and which commit is its head, come from elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from mlops_kit.core.errors import IntegrityError, Location
from mlops_kit.core.review.cells import STRICT
from mlops_kit.core.types import CommitSha, Digest

MANIFEST = "hand-over.json"
FILE_LIMIT = 8 * 1024 * 1024
"""Bytes of the largest file that git gets this way."""
FILES_LIMIT = 64 * 1024 * 1024
"""Bytes of all such files together."""
FILE_COUNT = 2_000
OBJECT_COUNT = 10_000
"""Objects that are handed over unless somebody says otherwise."""
OBJECT_MIB = 1_024
MOST_OBJECTS = 1_000_000
_MIB = 1024 * 1024
_SIZE = Field(ge=0, le=2**53, strict=True)
_MESSAGE_LIMIT = 200

Path = Annotated[str, Field(min_length=1, max_length=4_096, strict=True)]
Size = Annotated[int, _SIZE]


@dataclass(frozen=True, kw_only=True, order=True)
class HandedFile:
    """A file for git: its path from the repository's top, and what its bytes are. They lie in `files/<sha256>`."""

    path: Path
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", strict=True)]
    size: Size

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True, order=True)
class HandedObject:
    """An object of DVC's cache by its md5, `.dir` for the listing of a folder. It lies in `objects/<2>/<rest>`."""

    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}(\.dir)?$", strict=True)]
    size: Size

    __pydantic_config__ = STRICT

    @property
    def digest(self) -> Digest:
        """The object's digest."""
        return Digest(algorithm="md5", value=self.md5)

    @property
    def place(self) -> str:
        """Where it lies in the folder."""
        return f"objects/{self.md5[:2]}/{self.md5[2:]}"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Objects that were too many or too large to be handed over: how many there are, and their bytes."""

    objects: Size
    bytes: Size

    __pydantic_config__ = STRICT


@dataclass(frozen=True, kw_only=True)
class HandOver:
    """What a run changed: `files` that differ from the commit `head`, paths that are gone, and `objects` that DVC made.

    `left_out` are objects that do not come with it, None where none were left out.
    """

    version: Literal[1] = 1
    head: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", strict=True)]
    files: Annotated[tuple[HandedFile, ...], Field(max_length=FILE_COUNT)] = ()
    removed: Annotated[tuple[Path, ...], Field(max_length=FILE_COUNT)] = ()
    objects: Annotated[tuple[HandedObject, ...], Field(max_length=MOST_OBJECTS)] = ()
    left_out: LeftOut | None = None

    __pydantic_config__ = STRICT

    @property
    def places(self) -> frozenset[str]:
        """Every file that belongs into the folder."""
        files = {f"files/{file.sha256}" for file in self.files}
        return frozenset({MANIFEST, *files, *(found.place for found in self.objects)})


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How many objects, and of how many MiB together, are handed over at most."""

    objects: int = OBJECT_COUNT
    mib: int = OBJECT_MIB

    def allow(self, objects: tuple[HandedObject, ...]) -> bool:
        """Whether the objects are neither too many nor too large."""
        return len(objects) <= self.objects and sum(found.size for found in objects) <= self.mib * _MIB


def describe_file(path: str, data: bytes) -> HandedFile:
    """A file as the document names it."""
    return HandedFile(path=path, sha256=sha256(data).hexdigest(), size=len(data))


def hand_over_json(found: HandOver) -> bytes:
    """The document as strict JSON with sorted keys and a line end."""
    value = _ADAPTER.dump_python(found, mode="json")
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()


def parse_hand_over(data: bytes, *, head: CommitSha, bounds: Bounds) -> HandOver:
    """What a stranger's bytes say; IntegrityError for what is no such document, is of another commit or is too much."""
    try:
        found = _ADAPTER.validate_python(json.loads(data.decode("utf-8")))
    except ValidationError as error:
        raise _refusal("; ".join(_problems(error))) from error
    except (ValueError, RecursionError) as error:
        raise _refusal("it is not strict JSON") from error
    if found.head != head:
        raise _refusal(f"it is of commit {found.head}, the pull request's head is {head}")
    _check_whole(found, bounds)
    return found


def _check_whole(found: HandOver, bounds: Bounds) -> None:
    paths = [*(file.path for file in found.files), *found.removed]
    names = [one.md5 for one in found.objects]
    if len(set(paths)) < len(paths) or len(set(names)) < len(names):
        raise _refusal("it names something twice")
    if sum(file.size for file in found.files) > FILES_LIMIT or any(file.size > FILE_LIMIT for file in found.files):
        raise _refusal(f"its files are larger than {FILE_LIMIT // _MIB} MiB each, {FILES_LIMIT // _MIB} MiB together")
    if not bounds.allow(found.objects):
        raise _refusal(f"it has more than {bounds.objects:,} objects or {bounds.mib:,} MiB of them")


def _refusal(message: str) -> IntegrityError:
    return IntegrityError(
        f"not what `reproduce --hand-over` writes: {message}",
        location=Location(file=MANIFEST),
        hint="take the artifact of this run's job that reproduces",
    )


def _problems(error: ValidationError) -> Iterator[str]:
    for found in error.errors(include_url=False, include_input=False)[:3]:
        field = ".".join(str(part) for part in found["loc"])
        yield f"{field[:_MESSAGE_LIMIT]}: {found['msg'][:_MESSAGE_LIMIT]}"


_ADAPTER = TypeAdapter(HandOver)
