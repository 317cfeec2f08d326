"""Copies of the work tree in which a model is scored: what is written there never meets the work tree."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlops_kit.core.types import Digest


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Verified bytes and their place in a copy: `path` from its top; of a folder each file by its path inside."""

    path: str
    digest: Digest
    files: Mapping[str, Path]


class ScoringCopies(Protocol):
    """Makes copies of the work tree, one at a time."""

    def lay_out(self, placed: Iterable[Placed]) -> AbstractContextManager[Path]:
        """A folder with the files that git has or would take, and these in their places; gone at the end."""

    def read(self, copy: Path, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those regular files of a copy that are there; never through a link.

        InputError where one is larger than `limit` bytes, IntegrityError where one is a link.
        """
