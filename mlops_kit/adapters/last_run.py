"""Keeps the results of the last run beside DVC's temporary files, for `report` to show.

They are bound to what the run left in the lock files: after a switch of branches they are somebody else's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.core.pipeline.stages import LOCK_FILE, PIPELINE_FILE
from mlops_kit.core.run import StageResult
from mlops_kit.core.tracking import RunAddress

FOLDER = ".dvc/tmp/mlops-kit"
RUN_FILE = f"{FOLDER}/run.json"
_VERSION = 1
_LOCK_BYTES = 1024**3


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _LastRun:
    version: int
    locks: str
    stages: tuple[StageResult, ...]
    tracked: RunAddress | None = None


_ADAPTER = TypeAdapter(_LastRun)


def read_last_run(root: Path) -> tuple[StageResult, ...]:
    """The stages of the last run below DVC's root; none where its record is not readable or the locks are others."""
    found = _read(root)
    return found.stages if found else ()


def read_tracked_run(root: Path) -> RunAddress | None:
    """Where the last run below DVC's root is tracked; None where it is not, or the locks are others."""
    found = _read(root)
    return found.tracked if found else None


def write_last_run(root: Path, stages: tuple[StageResult, ...]) -> None:
    """Replace the record."""
    record = _LastRun(version=_VERSION, locks=_hash_locks(root, stages), stages=stages)
    write_atomic(root / RUN_FILE, _ADAPTER.dump_json(record, indent=1) + b"\n")


def note_tracked_run(root: Path, tracked: RunAddress) -> None:
    """Add to the record where the run is tracked; nothing where the record is of another run."""
    if found := _read(root):
        write_atomic(root / RUN_FILE, _ADAPTER.dump_json(replace(found, tracked=tracked), indent=1) + b"\n")


def _read(root: Path) -> _LastRun | None:
    data = read_limited(root, RUN_FILE)
    if data is None:
        return None
    try:
        found = _ADAPTER.validate_json(data)
    except ValidationError:
        return None
    return found if found.version == _VERSION and found.locks == _hash_locks(root, found.stages) else None


def _hash_locks(root: Path, stages: Iterable[StageResult]) -> str:
    """One hash (hexadecimal) of all lock files of the stages, a missing one included."""
    total = sha256()
    for path in sorted(set(_lock_files(stages))):
        data = read_limited(root, path, limit=_LOCK_BYTES) or b""
        total.update(f"{path}\0{sha256(data).hexdigest()}\n".encode())
    return total.hexdigest()


def _lock_files(stages: Iterable[StageResult]) -> Iterator[str]:
    """The lock file of each stage, by its address: `train`, or `sub/dvc.yaml:train`; `.dvc` files have none."""
    for stage in stages:
        file, _, name = stage.name.rpartition(":")
        if not name.endswith(".dvc"):
            yield str(PurePosixPath(file or PIPELINE_FILE).with_name(LOCK_FILE))
