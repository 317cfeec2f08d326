"""Clears a stage's outputs before it runs and brings them back where it failed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

from dvc.exceptions import CheckoutError
from dvc.output import Output
from dvc.stage import Stage

from mlops_kit.adapters.process import is_alive

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ASIDE, _LEFT = "aside", "left"


@dataclass(frozen=True, kw_only=True)
class _Earlier:
    """An output before its stage ran: what the lock says of it, and where its bytes lie if no cache has them."""

    hash_info: Any
    meta: Any
    place: Path | None = None


class Shelf:
    """Folders beside the cache: for outputs that only the workspace has, while their stage runs, and for what a failed
    command wrote in the place of earlier outputs, until the next run.

    Each process has a part of the first; what killed processes left in theirs is dropped.
    """

    def __init__(self, folder: Path) -> None:
        self._aside = folder / _ASIDE / str(os.getpid())
        self._left = folder / _LEFT
        self._earlier: dict[str, _Earlier] = {}

    def tidy(self) -> None:
        """Drop what earlier runs left; only while no other run goes on here."""
        for part in self._aside.parent.glob("*"):
            if not is_alive(int(part.name)):
                rmtree(part)
        if self._left.exists():
            rmtree(self._left)

    def close(self) -> None:
        """Leave nothing behind but what a failed command wrote."""
        if self._aside.exists():
            rmtree(self._aside)

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
                continue
            place = None
            if out.use_cache or out.protocol != "local":
                out.remove(ignore_remove=False)
            else:
                place = self._put_aside(Path(out.fs_path))
            self._earlier[out.fs_path] = _Earlier(hash_info=out.hash_info, meta=out.meta, place=place)

    def forget(self, stage: Stage) -> None:
        """Drop what was put aside for a stage that made its outputs anew."""
        for _, earlier in self._taken(stage):
            if earlier.place is not None:
                remove(earlier.place)

    def bring_back(self, stage: Stage) -> Path | None:
        """Put earlier outputs back, from here or from the cache; the folder that holds what a command left there.

        Where there is nothing to put back, what it left stays in its place. None where it left nothing elsewhere.
        """
        left = self._left / uuid4().hex
        for number, (out, earlier) in enumerate(self._taken(stage)):
            out.hash_info, out.meta, out.obj = earlier.hash_info, earlier.meta, None
            if earlier.place is not None or _is_cached(out):
                _move_away(Path(out.fs_path), left / str(number) / Path(out.fs_path).name)
            if earlier.place is not None:
                Path(out.fs_path).parent.mkdir(parents=True, exist_ok=True)
                earlier.place.rename(out.fs_path)
        _check_out_with_room(stage, left)
        return left if left.exists() else None

    def _put_aside(self, path: Path) -> Path | None:
        if not path.exists() and not path.is_symlink():
            return None
        self._aside.mkdir(parents=True, exist_ok=True)
        place = self._aside / uuid4().hex
        path.rename(place)
        return place

    def _taken(self, stage: Stage) -> Iterator[tuple[Output, _Earlier]]:
        for out in stage.outs:
            earlier = self._earlier.pop(out.fs_path, None)
            if earlier is not None:
                yield out, earlier


def check_out_missing(stage: Stage) -> None:
    """Bring outputs that are missing here back from the cache, as far as it has them."""
    for out in stage.outs:
        if _is_cached(out) and not out.exists:
            _check_out(out)


def _check_out_with_room(stage: Stage, left: Path) -> None:
    """The same; on a full disk, what a failed command left makes room first."""
    try:
        check_out_missing(stage)
    except OSError as error:
        if error.errno not in DISK_FULL or not left.exists():
            raise
        rmtree(left)
        check_out_missing(stage)


def _is_cached(out: Output) -> bool:
    return bool(out.use_cache and out.hash_info and not out.changed_cache())


def _check_out(out: Output) -> None:
    try:
        out.checkout()
    except CheckoutError:
        return


def _move_away(path: Path, place: Path) -> None:
    if path.exists() or path.is_symlink():
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, where there is one."""
    if path.is_dir() and not path.is_symlink():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)
