"""Keeps stages inside of the repository: judged when DVC has filled in all templates, and before anything runs."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from dvc.output import Output
from dvc.repo import Repo
from dvc.stage import Stage

from mlops_kit.core.errors import InputError, IntegrityError, KitError, Location
from mlops_kit.core.pipeline.escapes import foreign_reason
from mlops_kit.core.render.escape import clean

_BELOW_HINT = "write below the folder that holds .dvc"
_LINK_HINT = "put the file itself there, or name its real place as a dependency"


class Boundary:
    """What lies inside of one DVC repository. Its cache, wherever that is, is not outside."""

    def __init__(self, repo: Repo) -> None:
        self._root = Path(repo.root_dir)
        caches = (repo.cache.local, getattr(repo.cache, "legacy", None))
        self._inside = tuple({os.path.realpath(self._root), *(os.path.realpath(one.path) for one in caches if one)})
        self._folders: dict[str, str] = {}

    def check(self, stages: Iterable[Stage]) -> None:
        """IntegrityError at the first path that leaves the repository; InputError for what no stage can be."""
        for stage in stages:
            self._check_command(stage)
            self._check_outputs(stage)
            for item in self._local(stage):
                self._check_links(stage, item)

    def _check_command(self, stage: Stage) -> None:
        lines = stage.cmd if isinstance(stage.cmd, list) else [stage.cmd or ""]
        if any("\0" in line for line in lines):
            raise InputError("the command holds a NUL character", location=self._place(stage), field=_field(stage))

    def _check_outputs(self, stage: Stage) -> None:
        seen: set[str] = set()
        for out in stage.outs:
            if out.protocol != "local":
                continue
            reason = foreign_reason(str(out.def_path))
            if reason or not _is_inside(out.fs_path, (str(self._root),)):
                raise self._refusal(stage, out, reason or "lies outside of the repository", _BELOW_HINT)
            if out.fs_path in seen:
                message = f"the output {out.def_path!r} is named twice"
                raise InputError(message, location=self._place(stage), field=_field(stage), hint="name it once")
            seen.add(out.fs_path)

    def _local(self, stage: Stage) -> Iterator[Output]:
        """Outputs, and dependencies that are named as the repository's own."""
        yield from (out for out in stage.outs if out.protocol == "local")
        if not stage.is_repo_import and not stage.is_db_import:
            yield from (
                dep
                for dep in stage.deps
                if dep.protocol == "local" and "\0" not in dep.fs_path and _is_inside(dep.fs_path, (str(self._root),))
            )

    def _check_links(self, stage: Stage, item: Output) -> None:
        try:
            real = self._real(item.fs_path)
        except OSError as error:
            reason = "is or lies behind symbolic links that lead in a circle"
            if error.errno != errno.ELOOP:
                reason = f"cannot be looked at: {error.strerror}"
            raise self._refusal(stage, item, reason, _LINK_HINT) from error
        if not _is_inside(real, self._inside):
            reason = "is or lies behind a symbolic link that leads outside of the repository"
            raise self._refusal(stage, item, reason, _LINK_HINT)

    def _real(self, path: str) -> str:
        """Where a path leads; each folder is looked at once."""
        if os.path.islink(path):  # noqa: PTH114 - thousands of paths: no object for each
            return _follow(path)
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = _follow(folder)
        return f"{self._folders[folder]}{os.sep}{name}"

    def _refusal(self, stage: Stage, item: Output, reason: str, hint: str) -> KitError:
        message = f"{str(item.def_path)[:200]!r} of {str(stage.addressing)[:200]!r} {reason}"
        return IntegrityError(message, location=self._place(stage), field=_field(stage), hint=hint)

    def _place(self, stage: Stage) -> Location:
        return Location(file=os.path.relpath(stage.path, self._root))


def _follow(path: str) -> str:
    """Where links lead; what is not there yet is where it would be. OSError for links in a circle."""
    try:
        return os.path.realpath(path, strict=True)
    except FileNotFoundError:
        return os.path.realpath(path)


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}{os.sep}") for folder in folders)


def _field(stage: Stage) -> str:
    name = getattr(stage, "name", None)
    return f"stages.{clean(str(name))}" if name else ""
