"""Finds locks that nobody ran: entries of dvc.lock that do not fit each other, the params files or the code.

A clean git merge of two dvc.lock edits can be such a combination. Only what the files of one commit decide is
reported; what needs the cache (a file inside a cached folder) is not decided and not reported.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import InputError
from mlops_kit.core.pipeline.graph import Producers, folders_above, index_producers
from mlops_kit.core.pipeline.hashing import hash_bytes, hash_folder, hashes_to, is_pointer
from mlops_kit.core.pipeline.project import Project
from mlops_kit.core.pipeline.stages import Dependency, Stage, StageParams, is_inside
from mlops_kit.core.pipeline.values import needs_dvc, parse_values
from mlops_kit.core.types import Digest, StageName

_MISSING = object()


@dataclass(frozen=True, kw_only=True, order=True)
class Inconsistency:
    """One thing that the last run cannot have seen: the stage, the path it is about, and what is wrong."""

    stage: StageName
    path: str
    message: str


def paths_to_check(project: Project, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of a tree's paths whose bytes `inconsistencies` compares with the lock, sorted."""
    files = {found.file for stage in project.stages for found in stage.params}
    read = {found.path for stage in project.stages for found in stage.dependencies}
    read |= {found.path for stage in project.stages for found in stage.outputs}
    return tuple(
        sorted(path for path in paths if path in files or path in read or not read.isdisjoint(folders_above(path)))
    )


def inconsistencies(project: Project, files: Mapping[str, bytes]) -> tuple[Inconsistency, ...]:
    """Everything in the lock that nobody can have run, sorted; `files` are the bytes of `paths_to_check`."""
    view = _View(producers=index_producers(project.stages), files=files, params=_parse_params(project, files))
    return tuple(sorted({found for stage in project.stages for found in _check(stage, view)}))


@dataclass(frozen=True, kw_only=True)
class _View:
    """Who writes what, the bytes by path, and what each params file says, an error where it cannot be read."""

    producers: Producers
    files: Mapping[str, bytes]
    params: Mapping[str, object]


def _check(stage: Stage, view: _View) -> Iterator[Inconsistency]:
    if stage.is_data or stage.frozen:
        return
    if stage.locked_command is None:
        yield _found(stage, stage.file, "has no entry in dvc.lock: this stage never ran")
        return
    if stage.locked_command != stage.command:
        yield _found(stage, stage.file, "the command is not the one in dvc.lock")
    for dependency in stage.dependencies:
        yield from _check_dependency(stage, dependency, view)
    for params in stage.params:
        yield from _check_params(stage, params, view)
    yield from _check_outputs(stage, view.files)


def _check_dependency(stage: Stage, dependency: Dependency, view: _View) -> Iterator[Inconsistency]:
    if "://" in dependency.path:
        return
    if dependency.digest is None:
        message = "is not in the stage's entry of dvc.lock: the last run did not read it"
        yield _found(stage, dependency.path, message)
    elif view.producers.around(dependency.path):
        yield from _check_makers(stage, dependency.path, dependency.digest, view.producers)
    elif dependency.path in view.files:
        if hashes_to(view.files[dependency.path], dependency.digest) is False:
            yield _found(stage, dependency.path, "the committed file is not the one that the last run read")
    elif _folder_differs(dependency, view):
        yield _found(stage, dependency.path, "the files in this folder are not those that the last run read")


def _check_makers(stage: Stage, path: str, digest: Digest, producers: Producers) -> Iterator[Inconsistency]:
    for producer in producers.exact.get(path, ()):
        made = producer.output.digest
        if made is not None and _differ(digest, made):
            yield _found(stage, path, f"dvc.lock says {digest}, but {producer.stage.name} made {made}")


def _check_outputs(stage: Stage, files: Mapping[str, bytes]) -> Iterator[Inconsistency]:
    for output in stage.outputs:
        if output.digest is None:
            yield _found(stage, output.path, "is not in the stage's entry of dvc.lock: the last run did not write it")
        elif output.path in files and hashes_to(files[output.path], output.digest) is False:
            yield _found(stage, output.path, "the committed file is not the one that the last run wrote")


def _parse_params(project: Project, files: Mapping[str, bytes]) -> Mapping[str, object]:
    """Each params file that the kit reads itself, once, however many stages read it."""
    paths = {params.file for stage in project.stages for params in stage.params if _is_readable(params)}
    return {path: _parse_file(path, files[path]) for path in paths if path in files}


def _parse_file(path: str, data: bytes) -> object:
    try:
        return parse_values(data, path=path)
    except InputError as error:
        return error


def _is_readable(params: StageParams) -> bool:
    return not params.file.endswith(".py") and not needs_dvc(params.keys)


def _check_params(stage: Stage, params: StageParams, view: _View) -> Iterator[Inconsistency]:
    if not _is_readable(params):
        return
    if params.file not in view.params:
        yield _found(stage, params.file, "the params file is missing")
        return
    content = view.params[params.file]
    if isinstance(content, InputError):
        yield _found(stage, params.file, f"cannot be read: {content}")
        return
    locked = params.locked or {}
    for key in sorted(params.keys or {*_top_keys(content), *locked}):
        if key not in locked:
            yield _found(stage, params.file, f"{key} is not in the stage's entry of dvc.lock")
        elif not _same(_look_up(content, key), locked[key]):
            yield _found(stage, params.file, f"{key} is not the value that the last run used")


def _found(stage: Stage, path: str, message: str) -> Inconsistency:
    return Inconsistency(stage=stage.name, path=path, message=message)


def _differ(one: Digest, other: Digest) -> bool:
    return one.algorithm == other.algorithm and one.value != other.value


def _folder_differs(dependency: Dependency, view: _View) -> bool:
    """Whether all files of the folder are known and give another digest.

    They are known where git has them, or a stage's output is a single file, and their number is the one in the lock:
    a folder that also held ignored files on the machine of the last run is not decided.
    """
    if dependency.digest is None or dependency.digest.algorithm != "md5" or not dependency.path:
        return False
    start = len(dependency.path) + 1
    inner = {
        path: data for path, data in view.files.items() if path != dependency.path and is_inside(path, dependency.path)
    }
    if any(map(is_pointer, inner.values())):
        return False
    known = {path[start:]: hash_bytes(data).value for path, data in inner.items()}
    for producer in view.producers.below.get(dependency.path, ()):
        made = producer.output.digest
        if made is None or made.algorithm != "md5" or made.is_directory:
            return False
        known[producer.output.path[start:]] = made.value
    return len(known) == dependency.files and hash_folder(known) != dependency.digest


def _top_keys(content: object) -> tuple[str, ...]:
    return tuple(str(key) for key in content) if isinstance(content, dict) else ()


def _look_up(content: object, key: str) -> object:
    """The value at a dotted key; `_MISSING` where there is none."""
    for name in key.split("."):
        known = content if isinstance(content, dict) else {}
        content = known[name] if name in known else _look_up_text(known, name)
    return content


def _look_up_text(content: Mapping[object, object], name: str) -> object:
    """The value of a key that is no text in YAML, a number for one, but reads like this."""
    return next((value for known, value in content.items() if str(known) == name), _MISSING)


def _same(one: object, other: object) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return both_nan or one == other
