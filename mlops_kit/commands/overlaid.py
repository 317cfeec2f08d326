"""A tree with other files in some places: what a commit would hold, before it is made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mlops_kit.core.ports import Tree
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class OverlaidTree:
    """The Tree port over another: `files` are there besides or instead, `removed` are not."""

    below: Tree
    files: Mapping[str, bytes]
    removed: frozenset[str] = field(default_factory=frozenset)

    @property
    def commit(self) -> CommitSha | None:
        """None: nobody has committed it."""
        return None

    def list_files(self) -> tuple[str, ...]:
        """All paths, sorted."""
        return self._listed

    def list_folder(self, folder: str) -> tuple[str, ...]:
        """The files below a folder, sorted."""
        return tuple(path for path in self._listed if not folder or path.startswith(f"{folder}/"))

    def list_special(self) -> Mapping[str, str]:
        """What is no regular file below."""
        return self.below.list_special()

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are there."""
        wanted = {*paths} - self.removed
        own = {path: self.files[path] for path in wanted & self.files.keys()}
        return {**self.below.read_files(wanted - self.files.keys()), **own}

    @cached_property
    def _listed(self) -> tuple[str, ...]:
        return tuple(sorted({*self.below.list_files(), *self.files} - self.removed))
