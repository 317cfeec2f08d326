"""Where runs leave their logs: `.mlops/runs/<id>/`, seen by neither git nor DVC, the oldest dropped."""

import os
from datetime import datetime
from pathlib import Path
from shutil import rmtree

FOLDER = ".mlops"
RUNS = f"{FOLDER}/runs"
KEPT_RUNS = 20
_IGNORE_FILES = (".gitignore", ".dvcignore")
_IGNORE_ALL = "*\n"


def make_run_folder(root: Path, now: datetime) -> Path:
    """A new folder for one run, named by its beginning (UTC) and process; all but the last runs' are removed."""
    _hide(root / FOLDER)
    runs = root / RUNS
    path = runs / f"{now:%Y%m%d-%H%M%S}-{os.getpid()}"
    path.mkdir(parents=True, exist_ok=True)
    for old in sorted(one for one in runs.iterdir() if one.is_dir())[:-KEPT_RUNS]:
        rmtree(old, ignore_errors=True)
    return path


def _hide(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in _IGNORE_FILES:
        if not (folder / name).exists():
            (folder / name).write_text(_IGNORE_ALL)
