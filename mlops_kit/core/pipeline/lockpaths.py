"""Finds paths of a dvc.lock that lead out of the repository though no dvc.yaml asks for them."""

from collections.abc import Iterator, Mapping

from mlops_kit.core.errors import Problem
from mlops_kit.core.pipeline.definition import Definition, WrittenStage
from mlops_kit.core.pipeline.lockfile import LockedStage
from mlops_kit.core.pipeline.stages import join_path


def check_locked_paths(
    locked: Mapping[str, LockedStage], definition: Definition | None, *, file: str
) -> tuple[Problem, ...]:
    """A problem for every output, and every dependency that its stage does not name, outside of the repository."""
    written = {stage.name: stage for stage in definition.stages} if definition else {}
    return tuple(
        Problem(
            message=f"the path {path[:200]!r} leads out of the repository",
            location=stage.location,
            field=f"stages.{stage.name}",
            hint=f"restore the file: git checkout -- {file}",
        )
        for stage in locked.values()
        for path in _leaving(stage, written.get(stage.name.partition("@")[0]), file.rpartition("/")[0])
    )


def _leaving(stage: LockedStage, written: WrittenStage | None, home: str) -> Iterator[str]:
    if written is not None and written.templated:
        return
    folder = written.folder if written else home
    named = {join_path(folder, path) for path in written.dependencies} if written else set()
    yield from (out.path for out in stage.outputs if _is_outside(join_path(folder, out.path)))
    for dependency in stage.dependencies:
        place = join_path(folder, dependency.path)
        if _is_outside(place) and place not in named:
            yield dependency.path


def _is_outside(path: str) -> bool:
    return path == ".." or path.startswith("../")
