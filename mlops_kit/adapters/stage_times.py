"""Remembers how long each stage's command took when it last ran here: the longest chain can then start first."""

import json
from collections.abc import Mapping
from pathlib import Path

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.last_run import FOLDER
from mlops_kit.core.types import StageName

TIMES_FILE = f"{FOLDER}/times.json"


def read_times(root: Path) -> Mapping[StageName, float]:
    """Seconds by stage; none where there is no record, or none that can be read."""
    try:
        found = json.loads(read_limited(root, TIMES_FILE) or b"{}")
    except ValueError:
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {StageName(name): float(value) for name, value in entries if isinstance(value, int | float) and value >= 0}


def add_times(root: Path, times: Mapping[StageName, float]) -> None:
    """Replace the times of these stages and keep the others'."""
    if times:
        merged = {**read_times(root), **{name: round(value, 3) for name, value in times.items()}}
        write_atomic(root / TIMES_FILE, json.dumps(merged, indent=1, sort_keys=True).encode() + b"\n")
