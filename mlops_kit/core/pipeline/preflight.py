"""Judges a dvc.lock before DVC reads it: DVC itself takes a truncated lock for one with fewer stages."""

from collections.abc import Mapping

from mlops_kit.core.errors import InputError, KitError, Location
from mlops_kit.core.pipeline.lockfile import LockedStage, parse_lock


def check_lock(data: bytes, committed: bytes | None, *, file: str) -> bytes | None:
    """The bytes to put in the place of a lock that a killed run emptied, None where it may stay as it is.

    `committed` is what git's HEAD has for it. RefusedError where it holds a merge conflict; InputError where it is
    empty and git has nothing better, is cut short, or is not a lock.
    """
    if not data.strip() and committed is not None and _is_good(committed, file):
        return committed
    stages = parse_lock(data, file=file)
    if committed is not None and len(data) < len(committed) and committed.startswith(data):
        _refuse_lost_stages(stages, committed, file)
    return None


def _is_good(data: bytes, file: str) -> bool:
    try:
        return bool(parse_lock(data, file=file))
    except KitError:
        return False


def _refuse_lost_stages(found: Mapping[str, LockedStage], committed: bytes, file: str) -> None:
    """A lock that is the beginning of the committed one was cut off, not edited."""
    lost = [name for name, stage in parse_lock(committed, file=file).items() if found.get(name) != stage]
    if lost:
        raise InputError(
            f"is cut short; stages missing or damaged: {', '.join(sorted(lost)[:5])}",
            location=Location(file=file),
            hint=f"restore it with: git checkout -- {file}",
        )
