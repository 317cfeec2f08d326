"""Finds and copies the example projects: beside the package in a wheel, at the repository's top in a checkout."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mlops_kit import DISTRIBUTION
from mlops_kit.core.errors import InputError

_LEFT_BEHIND = ("__pycache__", "cache", "tmp", "data", "models", "reports", "dvc.lock", "mlflow.db", "mlruns")
"""What a run inside the example leaves there."""


def find_example(name: str) -> Path:
    """The folder of an example; InputError where this installation has none."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / "examples", package.parent / "examples"):
        if (place / name / "dvc.yaml").is_file():
            return place / name
    raise InputError(f"this installation has no example {name!r}", hint=f"pip install --force-reinstall {DISTRIBUTION}")


def read_example(name: str) -> Mapping[str, str]:
    """An example's files by path, without what a run inside it left."""
    top = find_example(name)
    paths = sorted(path for path in top.rglob("*") if path.is_file())
    kept = (path for path in paths if not set(path.relative_to(top).parts) & set(_LEFT_BEHIND))
    return {path.relative_to(top).as_posix(): path.read_text("utf-8") for path in kept}


def copy_example(name: str, target: Path) -> None:
    """Copy an example into a folder, without what a run inside it left."""
    shutil.copytree(find_example(name), target, ignore=shutil.ignore_patterns(*_LEFT_BEHIND), dirs_exist_ok=True)
