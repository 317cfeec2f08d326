"""The work tree as a Tree: what git tracks or would track, read without following links.

Says what lies on disk now; commits are the git adapter's matter.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.git import GitRepository
from mlops_kit.core.types import CommitSha


class WorkTree:
    """The Tree port over a repository's work tree."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git

    @property
    def commit(self) -> CommitSha | None:
        """None: a work tree is no commit."""
        return None

    def list_files(self) -> tuple[str, ...]:
        """All regular files that git tracks or does not ignore, sorted."""
        return tuple(sorted(path for path in self._git.list_work_tree() if _is_regular(self._git.root / path)))

    def list_folder(self, folder: str) -> tuple[str, ...]:
        """The regular files below a folder, sorted, ignored ones too; links are neither listed nor followed."""
        top = self._git.root / folder
        found = (path for path in top.rglob("*") if _is_regular(path)) if top.is_dir() else ()
        return tuple(sorted(path.relative_to(self._git.root).as_posix() for path in found))

    def read_files(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """The contents of those paths that are regular files; IntegrityError where one is a link."""
        found = {path: read_limited(self._git.root, path) for path in sorted(set(paths))}
        return {path: data for path, data in found.items() if data is not None}


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
