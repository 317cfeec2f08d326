"""Text documents as values with positions: YAML, JSON and TOML, bounded and strict.

Duplicate keys, aliases that explode, deep nesting and tags of other languages are refused, each with its place. Used
for `mlops.yaml`, `dvc.yaml`, `dvc.lock`, metrics and params alike; knows nothing of what they mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_kit.core.errors import Location

Key = str | int


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed file: plain values (dict, list, str, int, float, bool, None) and where each of them stands."""

    file: str
    value: object
    positions: Mapping[tuple[Key, ...], Location] = field(default_factory=dict)

    def locate(self, path: tuple[Key, ...]) -> Location:
        """Where the value at `path` stands, or the nearest thing around it that has a place."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, Location(file=self.file))


def parse_yaml(data: bytes, *, file: str) -> Document:
    """A YAML document (one, UTF-8, a byte order mark allowed); InvalidInputError with every problem it can name."""
    raise NotImplementedError


def parse_json(data: bytes, *, file: str) -> Document:
    """A JSON document; NaN and Infinity are read as floats for the caller to judge."""
    raise NotImplementedError


def parse_toml(data: bytes, *, file: str) -> Document:
    """A TOML document, without positions."""
    raise NotImplementedError
