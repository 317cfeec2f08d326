"""Finds the DVC repository that a place belongs to, by its `.dvc` folder; knows nothing else of DVC."""

from pathlib import Path

_DVC_FOLDER = ".dvc"


def find_dvc_root(place: Path, *, top: Path | None = None) -> Path | None:
    """The innermost folder that holds `.dvc`, from `place` upwards, at most up to `top`; None where there is none."""
    folders = (folder for folder in (place, *place.parents) if top is None or folder.is_relative_to(top))
    return next((folder for folder in folders if (folder / _DVC_FOLDER).is_dir()), None)
