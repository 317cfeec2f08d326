"""Puts into a built package which commit it was built from, where the builder says so (`MLOPS_KIT_COMMIT`).

`mlops_kit/release.json` holds `{"commit": …, "version": …}`. Without the variable, as in an installation from a work
tree, there is no such file. A source distribution has it in the package, and so has a wheel that is made of one.
"""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACE = "mlops_kit/release.json"
VARIABLE = "MLOPS_KIT_COMMIT"


class ReleaseHook(BuildHookInterface):
    """Adds the file to a wheel or a source distribution."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Have the file included; ValueError for what is no commit."""
        commit = os.environ.get(VARIABLE, "")
        if not commit or version == "editable":
            return
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise ValueError(f"{VARIABLE} is {commit!r}, which is no commit")
        handle, self._file = tempfile.mkstemp(suffix=".json")
        with os.fdopen(handle, "w") as stream:
            json.dump({"commit": commit, "version": self.metadata.version}, stream, sort_keys=True)
            stream.write("\n")
        Path(self._file).chmod(0o644)
        build_data["force_include"][self._file] = PLACE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the file that was included."""
        if file := getattr(self, "_file", ""):
            Path(file).unlink(missing_ok=True)
