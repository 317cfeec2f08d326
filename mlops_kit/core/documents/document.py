"""A parsed file: its value, where each part of it stands, and how large it may be."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mlops_kit.core.errors import Location

Key = str | int


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a document may hold: values (an alias counts with all it stands for) and levels of nesting."""

    nodes: int
    depth: int = 64


CONFIG_LIMITS = Limits(nodes=50_000)
"""For files that people write by hand."""
DATA_LIMITS = Limits(nodes=2_000_000)
"""For locks, metrics and params; the largest public dvc.lock has 22,000 lines."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Where a value stands, where its key stands, and how a plain scalar is written; numbers count from 1."""

    line: int
    column: int
    key_line: int
    key_column: int
    written: str = ""


def nothing_marked(path: tuple[Key, ...]) -> Mark | None:  # noqa: ARG001 - the shape of every finder
    """The finder of a document without positions."""
    return None


@dataclass(frozen=True, kw_only=True)
class Document:
    """Plain values (dict, list, str, int, float, bool, None) and where each of them stands.

    `find` answers for a path from the root, or for the nearest thing around it that has a place.
    """

    file: str
    value: object
    find: Callable[[tuple[Key, ...]], Mark | None] = field(default=nothing_marked, repr=False, compare=False)

    def locate(self, path: tuple[Key, ...]) -> Location:
        """Where the value at `path` stands, or the nearest thing around it that has a place."""
        mark = self.find(path)
        return Location(file=self.file, line=mark.line, column=mark.column) if mark else Location(file=self.file)

    def locate_key(self, path: tuple[Key, ...]) -> Location:
        """Where the key that leads to the value stands."""
        mark = self.find(path)
        if mark is None:
            return Location(file=self.file)
        return Location(file=self.file, line=mark.key_line, column=mark.key_column)

    def written(self, path: tuple[Key, ...]) -> str:
        """An unquoted YAML scalar as it is written (`1.10`); empty for everything else."""
        mark = self.find(path)
        return mark.written if mark else ""
