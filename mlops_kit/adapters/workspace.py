"""The work tree as a Tree: what git tracks or would track, read without following links.

Says what lies on disk now; commits are the git adapter's matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.types import CommitSha


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """What git lists of a work tree: regular files, and what is none."""

    files: tuple[str, ...]
    special: Mapping[str, str]


class WorkTree:
    """The Tree port over a repository's work tree, which is listed once."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git

    @property
    def commit(self) -> CommitSha | None:
        """None: a work tree is no commit."""
        return None

    def list_files(self) -> tuple[str, ...]:
        """All regular files that git tracks or does not ignore, sorted."""
        return self._listing.files

    def list_special(self) -> Mapping[str, str]:
        """The repositories inside this one; a link is told when somebody reads it."""
        return self._listing.special

    def list_folder(self, folder: str) -> tuple[str, ...]:
        """The regular files below a folder, sorted, ignored ones too; links are neither listed nor followed."""
        top = self._git.root / folder
        found = (path for path in top.rglob("*") if _is_regular(path)) if top.is_dir() else ()
        return tuple(sorted(path.relative_to(self._git.root).as_posix() for path in found))

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files; IntegrityError where one is a link."""
        found = {path: read_limited(self._git.root, path) for path in sorted(set(paths))}
        return {path: data for path, data in found.items() if data is not None}

    @cached_property
    def _listing(self) -> _Listing:
        listed = sorted(path.rstrip("/") for path in self._git.list_work_tree())
        return _Listing(
            files=tuple(path for path in listed if _is_regular(self._git.root / path)),
            special={path: "a submodule" for path in listed if _is_folder(self._git.root / path)},
        )


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
