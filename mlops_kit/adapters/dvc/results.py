"""Finds what a stage produced before: in the lock, or in DVC's run-cache. Both stay as they are."""

from pathlib import Path
from typing import Any

from dvc.schema import COMPILED_LOCK_FILE_STAGE_SCHEMA
from dvc.stage import Stage
from dvc.stage.cache import StageCache, _get_cache_hash
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml
from voluptuous import Invalid

Entry = dict[str, Any]


def locked_entry(stage: Stage) -> Entry | None:
    """What the lock says of a stage that did not change; None where an output has no digest in it."""
    return dict(to_single_stage_lockfile(stage)) if all(out.hash_info for out in stage.outs) else None


def cached_entry(stage: Stage, cache: StageCache) -> Entry | None:
    """The newest entry of the run-cache for the stage's dependencies as its objects say them now."""
    folder = Path(cache._get_cache_dir(_get_cache_hash(to_single_stage_lockfile(stage), key=True)))
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime) if folder.is_dir() else []
    return _read(files[-1]) if files else None


def _read(file: Path) -> Entry | None:
    """An entry; None where it is broken, which DVC would remove."""
    try:
        entry: Entry = COMPILED_LOCK_FILE_STAGE_SCHEMA(load_yaml(str(file)))
    except (FileNotFoundError, YAMLFileCorruptedError, Invalid):
        return None
    return entry
