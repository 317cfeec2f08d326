"""Publishes models' bytes where serving targets fetch them, by a process of its own whose time is bounded."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from mlops_kit.adapters import process
from mlops_kit.core.errors import InputError, IntegrityError, OutsideError
from mlops_kit.core.ports import ModelFiles

TIMEOUT_SECONDS = 1800.0
_MODULE = "mlops_kit.adapters.uploading"


class PublishedFiles:
    """The Storage port; `environment` is what the storage's client gets (credentials, endpoints)."""

    def __init__(self, root: Path, environment: Mapping[str, str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._root = root
        self._environment = environment
        self._timeout_seconds = timeout_seconds

    def publish(self, place: str, name: str, files: ModelFiles) -> None:
        """Have the files below `<place>/<name>`; a relative place is a folder below the repository's top."""
        _check(place)
        done = process.run(
            process.Call(
                words=[sys.executable, "-I", "-m", _MODULE, place, name],
                folder=self._root,
                environment=self._environment,
                stdin=_describe(files),
                timeout_seconds=self._timeout_seconds,
                title=f"the storage {place}",
            )
        )
        if done.code != 0:
            last = (done.errors.strip().splitlines() or ["no message"])[-1]
            raise OutsideError(
                f"the model could not be published to {place}: {last[:300]}",
                hint="check the address and the credentials of the storage, then run it again",
            )
        if done.text:
            raise IntegrityError(
                f"{place}/{name} {done.text}",
                hint="a published version never changes: find out who wrote there, remove it, and run it again",
            )


def _check(place: str) -> None:
    if "@" in urlsplit(place).netloc:
        raise InputError(
            "the address of the storage holds a name or a password",
            field="deploy.storage",
            hint="credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, …",
        )


def _describe(files: ModelFiles) -> bytes:
    """What the process is told: the hash of the tree, and where each file lies."""
    locations = {name: str(path.resolve()) for name, path in files.files.items()}
    return json.dumps({"sha256": files.sha256, "files": locations}).encode()
