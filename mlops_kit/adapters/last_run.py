"""Keeps the results of the last run beside DVC's temporary files, for `report` to show."""

from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.core.types import StageResult

FOLDER = ".dvc/tmp/mlops-kit"
RUN_FILE = f"{FOLDER}/run.json"
_VERSION = 1


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class _LastRun:
    version: int
    stages: tuple[StageResult, ...]


_ADAPTER = TypeAdapter(_LastRun)


def read_last_run(root: Path) -> tuple[StageResult, ...]:
    """The stages of the last run below DVC's root, none where there was no run or its record is not readable."""
    data = read_limited(root, RUN_FILE)
    if data is None:
        return ()
    try:
        found = _ADAPTER.validate_json(data)
    except ValidationError:
        return ()
    return found.stages if found.version == _VERSION else ()


def write_last_run(root: Path, stages: tuple[StageResult, ...]) -> None:
    """Replace the record."""
    write_atomic(root / RUN_FILE, _ADAPTER.dump_json(_LastRun(version=_VERSION, stages=stages), indent=1) + b"\n")
