"""Whether a dvc.lock says all that its dvc.yaml asks for: a lock cut short is valid YAML with less in it."""

import re
from collections.abc import Iterator, Mapping

from mlops_kit.core.errors import Location, Problem
from mlops_kit.core.pipeline.definition import Definition
from mlops_kit.core.pipeline.hashing import LEGACY_ALGORITHM
from mlops_kit.core.pipeline.lockfile import LockedStage
from mlops_kit.core.pipeline.stages import Stage
from mlops_kit.core.types import Digest

_MD5 = re.compile(r"[0-9a-f]{32}(?:\.dir)?")
_MD5_ALGORITHMS = frozenset({"md5", LEGACY_ALGORITHM})


def check_end(data: bytes, *, file: str) -> tuple[Problem, ...]:
    """A problem where the last line has no end: DVC always writes one."""
    if data.endswith(b"\n"):
        return ()
    place = Location(file=file, line=data.count(b"\n") + 1)
    return (Problem(message="the last line has no end: the file was cut short", location=place, hint=_restore(file)),)


def check_digests(locked: Mapping[str, LockedStage], *, file: str) -> tuple[Problem, ...]:
    """A problem for every md5 that cannot be one."""
    return tuple(
        _problem(stage, f"{digest.value[:40]!r} is no md5 of {path}", file)
        for stage, path, digest, _ in _digested(locked)
        if digest.algorithm in _MD5_ALGORITHMS and not _MD5.fullmatch(digest.value)
    )


def check_sizes(locked: Mapping[str, LockedStage], *, file: str) -> tuple[Problem, ...]:
    """A problem for every hashed file without a size: DVC 3 writes both, the size last."""
    return tuple(
        _problem(stage, f"{path} has an md5 and no size: the file was cut short", file)
        for stage, path, digest, size in _digested(locked)
        if digest.algorithm == "md5" and not digest.is_directory and size is None
    )


def check_stages(definition: Definition, locked: Mapping[str, LockedStage], *, file: str) -> tuple[Problem, ...]:
    """A problem that names every stage of the dvc.yaml without an entry in its lock."""
    missing = [
        stage.name
        for stage in definition.stages
        if stage.name not in locked and not any(name.startswith(f"{stage.name}@") for name in locked)
    ]
    if not missing:
        return ()
    message = f"stages missing from lock: {', '.join(sorted(missing))}"
    return (Problem(message=message, location=Location(file=file), hint=_restore(file)),)


def check_entries(stages: tuple[Stage, ...], *, file: str) -> tuple[Problem, ...]:
    """A problem for every stage whose entry in the lock lacks something that the dvc.yaml names."""
    return tuple(
        Problem(
            message=f"stages missing from lock in part: {stage.name} lacks {', '.join(lacking)}",
            location=Location(file=file),
            field=f"stages.{stage.name}",
            hint=_restore(file),
        )
        for stage in stages
        if (lacking := sorted(_lacking(stage)))
    )


def _lacking(stage: Stage) -> Iterator[str]:
    if stage.templated or stage.locked_command is None:
        return
    local = (dependency for dependency in stage.dependencies if "://" not in dependency.path)
    yield from (dependency.path for dependency in local if dependency.digest is None)
    yield from (output.path for output in stage.outputs if output.digest is None)
    for params in stage.params:
        if params.locked is None or not set(params.keys) <= set(params.locked):
            yield params.file


def _restore(file: str) -> str:
    return f"run mlops-kit reproduce, or restore the file: git checkout -- {file}"


def _digested(locked: Mapping[str, LockedStage]) -> Iterator[tuple[LockedStage, str, Digest, int | None]]:
    """Every entry of every stage that has a digest: its stage, path, digest and size."""
    for stage in locked.values():
        for entry in (*stage.dependencies, *stage.outputs):
            if entry.digest:
                yield stage, entry.path, entry.digest, entry.size


def _problem(stage: LockedStage, message: str, file: str) -> Problem:
    return Problem(message=message, location=stage.location, field=f"stages.{stage.name}", hint=_restore(file))
