"""Copies of the work tree to score models in: git's files, and bytes that DVC keeps in their places.

A copy lies below `.dvc/tmp`, which neither git nor DVC looks into, on the disk that has the cache.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mlops_kit.adapters.dvc_root import find_dvc_root
from mlops_kit.adapters.files import read_limited
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.errors import IntegrityError, Location, OutsideError
from mlops_kit.core.ports import Tree
from mlops_kit.core.ports.scoring import Placed

_PLACE = ".dvc/tmp/mlops-kit"


class WorkTreeCopies:
    """The ScoringCopies port over the repository at `root`, whose files `tree` lists."""

    def __init__(self, root: Path, tree: Tree) -> None:
        self._root = root
        self._tree = tree

    @contextmanager
    def lay_out(self, placed: Iterable[Placed]) -> Iterator[Path]:
        """A copy with these bytes in their places; see the port."""
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(scratch_folder(self._make_place()))
                self._copy_tree(folder)
                for one in placed:
                    _put(folder, one)
            except OSError as error:
                raise OutsideError(f"cannot copy the work tree to score in: {error.strerror}") from error
            yield folder

    def read(self, copy: Path, paths: Iterable[str], *, limit: int) -> Mapping[str, bytes]:
        """The contents of those files of a copy that are there; see the port."""
        found = {path: read_limited(copy, path, limit=limit) for path in paths}
        return {path: data for path, data in found.items() if data is not None}

    def _make_place(self) -> Path | None:
        """Below the repository's own DVC folder; None where there is none, for the usual place."""
        top = find_dvc_root(self._root, top=self._root)
        if top is None:
            return None
        (top / _PLACE).mkdir(parents=True, exist_ok=True)
        return top / _PLACE

    def _copy_tree(self, folder: Path) -> None:
        for path in self._tree.list_files():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._root / path, target, follow_symlinks=False)


def _put(folder: Path, placed: Placed) -> None:
    """What git had in the place gives way; folders that are named in it are made."""
    target = folder / placed.path
    if not target.resolve().is_relative_to(folder.resolve()) or target == folder:
        raise IntegrityError("the path leaves the repository", location=Location(file=placed.path))
    if target.is_dir():
        shutil.rmtree(target)
    for name, source in placed.files.items():
        file = target / name if placed.digest.is_directory else target
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        shutil.copyfile(source, file)
