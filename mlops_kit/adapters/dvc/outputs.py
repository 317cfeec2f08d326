"""Clears a stage's outputs before it runs and brings them back where it failed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

from dvc.exceptions import CheckoutError
from dvc.output import Output
from dvc.stage import Stage

from mlops_kit.adapters.process import is_alive


class Shelf:
    """A folder beside the cache for outputs that only the workspace has, while their stage runs.

    Each process has a part of it; what killed processes left in theirs is dropped.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / str(os.getpid())
        self._kept: dict[str, Path] = {}
        for part in folder.glob("*"):
            if not is_alive(int(part.name)):
                rmtree(part)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._folder.exists():
            rmtree(self._folder)

    @contextmanager
    def cleared(self, stage: Stage) -> Iterator[None]:
        """Outputs are removed; they come back where what is done without them fails."""
        self.clear_outputs(stage)
        try:
            yield
        except BaseException:
            self.bring_back(stage)
            raise

    def clear_outputs(self, stage: Stage) -> None:
        """Remove a stage's outputs as DVC does before a run: persistent ones stay, the others go."""
        for out in stage.outs:
            if out.persist:
                out.unprotect()
            elif out.use_cache or out.protocol != "local":
                out.remove(ignore_remove=False)
            else:
                self._put_aside(Path(out.fs_path))

    def forget(self, stage: Stage) -> None:
        """Drop what was put aside for a stage that made its outputs anew."""
        for _, path in self._taken(stage):
            remove(path)

    def bring_back(self, stage: Stage) -> None:
        """Put missing outputs back, from here or from the cache; what a failed command left behind stays."""
        for home, path in self._taken(stage):
            if home.exists():
                remove(path)
            else:
                home.parent.mkdir(parents=True, exist_ok=True)
                path.rename(home)
        check_out_missing(stage)

    def _put_aside(self, path: Path) -> None:
        if not path.exists() and not path.is_symlink():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._folder / uuid4().hex
        path.rename(place)
        self._kept[str(path)] = place

    def _taken(self, stage: Stage) -> Iterator[tuple[Path, Path]]:
        for out in stage.outs:
            place = self._kept.pop(out.fs_path, None)
            if place is not None:
                yield Path(out.fs_path), place


def check_out_missing(stage: Stage) -> None:
    """Bring outputs that are missing here back from the cache, as far as it has them."""
    for out in stage.outs:
        if out.use_cache and out.hash_info and not out.exists and not out.changed_cache():
            _check_out(out)


def _check_out(out: Output) -> None:
    try:
        out.checkout()
    except CheckoutError:
        return


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, where there is one."""
    if path.is_dir() and not path.is_symlink():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)
