"""Judges a dvc.lock before DVC reads it: DVC itself takes a truncated lock for one with fewer stages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_kit.core.errors import InputError, InvalidInputError, KitError, Location, Problem
from mlops_kit.core.pipeline.completeness import check_digests, check_end, check_sizes
from mlops_kit.core.pipeline.definition import Definition, parse_definition
from mlops_kit.core.pipeline.hashing import ALGORITHM
from mlops_kit.core.pipeline.lockfile import LockedPath, LockedStage, parse_lock
from mlops_kit.core.pipeline.lockpaths import check_locked_paths
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE

_SCHEMA = re.compile(rb"""^[{"']*schema["']?\s*:""", re.MULTILINE)
_OPEN_KEYS = frozenset({b"stages:", b"deps:", b"outs:", b"params:"})


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Bytes that a lock had before, and where they are from: `the last commit`."""

    data: bytes
    origin: str


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What to put in the place of a lock, where that is from, and how the lock is: `empty` or `cut short`."""

    data: bytes
    origin: str
    state: str


def check_lock(data: bytes, copies: Iterable[Copy], *, file: str, pipeline: bytes | None = None) -> Recovery | None:
    """What to put in the place of a lock that a killed DVC emptied or cut short, None where it may stay as it is.

    `copies` are tried in their order; `pipeline` holds the dvc.yaml beside it. RefusedError where the lock holds a
    merge conflict; InputError where it is damaged and no copy is better, or where it is not a lock.
    """
    definition = _parse_pipeline(pipeline, file)
    for copy in copies:
        if _is_cut_from(data, copy.data, file) and not _is_shortened(data, copy.data, file, definition):
            state = "cut short" if data.strip() else "empty"
            return Recovery(data=copy.data, origin=copy.origin, state=state)
    _refuse_old(data, file)
    _refuse_damaged(parse_lock(data, file=file), data, file, definition)
    return None


def _is_cut_from(data: bytes, whole: bytes, file: str) -> bool:
    """Whether a lock is the beginning of a good one."""
    begins = not data.strip() or (len(data) < len(whole) and whole.startswith(data))
    return begins and _is_good(whole, file)


def _is_good(data: bytes, file: str) -> bool:
    try:
        return bool(parse_lock(data, file=file))
    except KitError:
        return False


def _is_shortened(data: bytes, whole: bytes, file: str, definition: Definition | None) -> bool:
    """Whether a lock lacks only stages at its end that its dvc.yaml no longer has: that is `dvc remove`."""
    if definition is None or not data.endswith(b"\n") or not _is_good(data, file):
        return False
    left, before = parse_lock(data, file=file), parse_lock(whole, file=file)
    known = {stage.name for stage in definition.stages}
    kept_whole = all(before.get(name) == stage for name, stage in left.items())
    return kept_whole and all(name.partition("@")[0] not in known for name in before.keys() - left.keys())


def _parse_pipeline(pipeline: bytes | None, file: str) -> Definition | None:
    """The dvc.yaml; None where it is not there or broken, which others tell."""
    if pipeline is None:
        return None
    try:
        return parse_definition(pipeline, file=file.removesuffix(LOCK_FILE) + PIPELINE_FILE)
    except KitError:
        return None


def _refuse_old(data: bytes, file: str) -> None:
    """DVC 1 wrote locks without a schema; DVC 3 fails on them with a riddle."""
    if data.strip() and not _SCHEMA.search(data) and _is_good(data, file):
        hint = "remove it and run the pipeline again"
        raise InputError("was written by DVC 1, which DVC 3 does not read", location=Location(file=file), hint=hint)


def _refuse_damaged(locked: Mapping[str, LockedStage], data: bytes, file: str, definition: Definition | None) -> None:
    """A lock that no copy is known of must be one that DVC can have written."""
    problems: tuple[Problem, ...] = (
        *check_end(data, file=file),
        *_check_tail(data, locked, file),
        *check_digests(locked, file=file),
        *check_sizes(locked, file=file),
        *check_locked_paths(locked, definition, file=file),
    )
    if problems:
        raise InvalidInputError(problems)


def _check_tail(data: bytes, locked: Mapping[str, LockedStage], file: str) -> Iterator[Problem]:
    """A problem where the last entry is not whole: a key without its list, a path without all of its digest."""
    lines = data.rstrip().splitlines()
    last = next(iter(reversed(list(locked.values()))), None)
    entry = next(iter(reversed((*last.dependencies, *last.outputs))), None) if last else None
    is_open = bool(lines) and lines[-1].strip() in _OPEN_KEYS
    lacks_digest = entry is not None and entry.digest is None and lines[-1].lstrip().startswith((b"- path:", b"hash:"))
    if is_open or lacks_digest or _lacks_count(entry):
        place = Location(file=file, line=len(lines))
        hint = f"restore the file (git checkout -- {file}), or remove it and run the pipeline"
        yield Problem(message="the last entry is not whole: the file was cut short", location=place, hint=hint)


def _lacks_count(entry: LockedPath | None) -> bool:
    """Whether a folder's entry of DVC 3 does not say how many files it has, which stands last."""
    if entry is None or entry.digest is None or entry.files is not None:
        return False
    return entry.digest.algorithm == ALGORITHM and entry.digest.is_directory
