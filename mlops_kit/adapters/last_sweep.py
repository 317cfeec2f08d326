"""Keeps the table of the last sweep beside DVC's temporary files, for `report` to show."""

from pathlib import Path

from pydantic import ValidationError

from mlops_kit.adapters.files import read_limited, write_atomic
from mlops_kit.adapters.last_run import FOLDER
from mlops_kit.core.review.sweep import SWEEP, SweepRows

SWEEP_FILE = f"{FOLDER}/sweep.json"


def read_last_sweep(root: Path) -> SweepRows | None:
    """The last sweep below DVC's root; None where there is no record, or none that can be read."""
    try:
        return SWEEP.validate_json(read_limited(root, SWEEP_FILE) or b"")
    except ValidationError:
        return None


def write_last_sweep(root: Path, rows: SweepRows) -> None:
    """Replace the record."""
    write_atomic(root / SWEEP_FILE, SWEEP.dump_json(rows, indent=1) + b"\n")
