"""Whether a dvc.lock that a stranger made is whole: cut short, or with other stages, it is still valid YAML.

That it fits params, code and itself is judged as for promotion (core/pipeline/lock.py). Values only.
"""

from collections.abc import Iterable, Iterator, Mapping

from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.errors import KitError, Location, Problem
from mlops_kit.core.pipeline.completeness import check_digests, check_end, check_entries, check_sizes, check_stages
from mlops_kit.core.pipeline.definition import parse_definition
from mlops_kit.core.pipeline.expansion import count_stages
from mlops_kit.core.pipeline.hashing import hash_bytes, hash_folder
from mlops_kit.core.pipeline.lockfile import LockedStage, parse_lock
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE, Output, is_inside
from mlops_kit.core.review.acceptance import Ground, as_integrity, lock_of


def check_locks(locks: Mapping[str, bytes], ground: Ground, files: Mapping[str, bytes]) -> None:
    """IntegrityError where a lock lacks something that its dvc.yaml or the head's lock has, or has too much.

    `files` are the head's dvc.yaml files, their locks, and the files that they take variables from.
    """
    problems = [problem for path in sorted(locks) for problem in _lock_problems(path, locks[path], ground, files)]
    if problems:
        raise as_integrity(problems)


def check_folders(after: Project, files: Mapping[str, bytes], locks: Iterable[str]) -> None:
    """IntegrityError where a folder that git keeps does not have the files that its lock says; those with a new lock.

    `files` are all that lie in such folders, as they will be.
    """
    wanted = frozenset(locks)
    problems = [
        Problem(message="its files are not those of the lock", location=Location(file=output.path))
        for stage in after.stages
        if not stage.is_data and lock_of(stage.file) in wanted
        for output in stage.outputs
        if _folder_differs(output, files)
    ]
    if problems:
        raise as_integrity(problems)


def check_complete(after: Project, locks: Iterable[str]) -> None:
    """IntegrityError where a stage's entry in a new lock lacks something that dvc.yaml names."""
    wanted = frozenset(locks)
    problems = [
        problem
        for path in sorted(wanted)
        for problem in check_entries(tuple(one for one in after.stages if lock_of(one.file) == path), file=path)
    ]
    if problems:
        raise as_integrity(problems)


def check_no_strangers(ground: Ground, after: Project) -> None:
    """IntegrityError where a new lock has entries of stages that dvc.yaml does not have, and the head's had not."""
    new = sorted(set(after.stale) - set(ground.project.stale))
    if new:
        raise as_integrity(
            [Problem(message=f"dvc.lock has stages that dvc.yaml does not have: {', '.join(new)[:300]}")]
        )


def _lock_problems(path: str, data: bytes, ground: Ground, files: Mapping[str, bytes]) -> Iterator[Problem]:
    file = f"{path.removesuffix(LOCK_FILE)}{PIPELINE_FILE}"
    try:
        locked = parse_lock(data, file=path)
        before = parse_lock(files[path], file=path) if path in files else {}
    except KitError as error:
        yield from error.problems
        return
    definition = parse_definition(files[file], file=file)
    yield from check_end(data, file=path)
    yield from check_digests(locked, file=path)
    yield from check_sizes(locked, file=path)
    yield from check_stages(definition, locked, file=path)
    yield from _lost(path, file, locked, before, ground.project)
    yield from _group_problems(path, file, locked, files)


def _lost(
    path: str, file: str, locked: Mapping[str, LockedStage], before: Mapping[str, LockedStage], project: Project
) -> Iterator[Problem]:
    """Entries of the head's lock that are gone although dvc.yaml still has their stages."""
    prefix = "" if file == PIPELINE_FILE else f"{file}:"
    stale = {name.removeprefix(prefix) for name in project.stale}
    lost = sorted(before.keys() - locked.keys() - stale)
    if lost:
        yield Problem(message=f"lost the stages {', '.join(lost)[:300]}", location=Location(file=path))


def _group_problems(
    path: str, file: str, locked: Mapping[str, LockedStage], files: Mapping[str, bytes]
) -> Iterator[Problem]:
    """Groups of foreach or matrix with fewer entries than they stand for."""
    for name, count in count_stages(parse_yaml(files[file], file=file), files).items():
        there = sum(entry.startswith(f"{name}@") for entry in locked)
        if 0 < there < count:
            message = f"has {there} of the {count} stages that {name[:100]} stands for"
            yield Problem(message=message, location=Location(file=path))


def _folder_differs(output: Output, files: Mapping[str, bytes]) -> bool:
    if output.cached or output.digest is None or not output.digest.is_directory:
        return False
    inner = {path: data for path, data in files.items() if path != output.path and is_inside(path, output.path)}
    known = {path[len(output.path) + 1 :]: hash_bytes(data).value for path, data in inner.items()}
    return bool(known) and output.digest.algorithm == "md5" and hash_folder(known) != output.digest
