"""Files that another job or the workflow itself left: regular, bounded, behind no link."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlops_kit.adapters.files import read_limited
from mlops_kit.core.errors import InputError, IntegrityError, Location

if TYPE_CHECKING:
    pass

REPORT_LIMIT = 1024 * 1024
"""Bytes of the largest report that is taken from another job."""


def read_event(file: str) -> bytes:
    """The workflow's event file; InputError where there is none."""
    from mlops_kit.core.review.event import EVENT_LIMIT

    path = Path(file)
    data = read_limited(path.parent, path.name, limit=EVENT_LIMIT)
    if data is None:
        raise InputError("no such file", location=Location(file=file), hint="GITHUB_EVENT_PATH names the event file")
    return data


def read_artifact(folder: Path, file: str) -> bytes:
    """A report that another job left: a regular file, bounded, behind no link; IntegrityError for anything else."""
    try:
        data = _read_left(folder, file, limit=REPORT_LIMIT)
    except InputError as error:
        raise IntegrityError(f"not a report: {error}", hint="a report is a regular file of at most 1 MiB") from error
    if data is None:
        raise InputError("no such file", location=Location(file=file), hint="make one with: mlops-kit report")
    return data


def read_image(folder: Path, place: str, name: str) -> bytes:
    """An image that another job left beside its report, under the same conditions."""
    from mlops_kit.core.review.plots import IMAGE_LIMIT

    file = f"{place.rstrip('/')}/{name}"
    try:
        data = _read_left(folder, file, limit=IMAGE_LIMIT)
    except InputError as error:
        raise IntegrityError(f"not an image: {error}", hint="an image is a regular file of at most 2 MiB") from error
    if data is None:
        raise IntegrityError(
            "the report shows an image that did not come with it",
            location=Location(file=file),
            hint="hand over the folder that `mlops-kit report --pictures` wrote",
        )
    return data


def _read_left(folder: Path, file: str, *, limit: int) -> bytes | None:
    path = Path(file)
    if path.is_absolute():
        return read_limited(path.parent.parent, f"{path.parent.name}/{path.name}", limit=limit)
    return read_limited(folder, file, limit=limit)
