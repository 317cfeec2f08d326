"""The Tables port: asks a process of its own what is in table files, and goes on where one of them kills it."""

import json
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_kit.adapters import process
from mlops_kit.adapters.tables.reading import FILE_SECONDS
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.tables import Column, Table, TableFile

_WORDS = (sys.executable, "-I", "-m", "mlops_kit.adapters.tables.reading")
_PASSED_ON = frozenset({"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
"""All that a process gets that reads a stranger's bytes: no token, no credentials."""
_FIXED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""One thread: each takes address space, of which there is little."""
_DEATHS = 3
"""How often the reader may die before the files that are left are left out."""


class TableReader:
    """Reads tables; of the `environment` the reading process, started by `words`, gets what Python needs to start."""

    def __init__(self, environment: Mapping[str, str], *, words: Sequence[str] = _WORDS) -> None:
        self._words = words
        self._environment = {name: environment[name] for name in _PASSED_ON & environment.keys()} | _FIXED

    def read(self, files: Iterable[TableFile]) -> Mapping[TableFile, Table]:
        """What each file holds, or the error in its place."""
        left = list(dict.fromkeys(files))
        found: dict[TableFile, Table] = {}
        for _ in range(_DEATHS):
            if not left:
                break
            tables, code = self._ask(left)
            found |= zip(left, tables, strict=False)
            left = left[len(tables) :]
            if left:
                found[left.pop(0)] = Table(error=_explain(code))
        return found | dict.fromkeys(left, Table(error="left out: tables before it could not be read"))

    def _ask(self, files: Sequence[TableFile]) -> tuple[list[Table], int]:
        done = process.run(
            process.Call(
                words=self._words,
                folder=Path(sys.prefix),
                environment=self._environment,
                stdin=json.dumps([_request(file) for file in files]).encode(),
                timeout_seconds=FILE_SECONDS * (len(files) + 1),
                title="the reader of tables",
            )
        )
        return [_table(line) for line in done.output.splitlines()], done.code


def _request(file: TableFile) -> dict[str, str]:
    return {
        "folder": str(file.folder),
        "path": file.path,
        "name": file.name,
        "kind": file.kind.value,
        "digest": str(file.digest),
    }


def _table(line: bytes) -> Table:
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise OutsideError("the reader of tables gave no answer") from error
    return Table(
        rows=answer.get("rows"),
        columns=tuple(Column(name=name, type=kind) for name, kind in answer.get("columns", ())),
        size=answer.get("size"),
        error=answer.get("error", ""),
    )


def _explain(code: int) -> str:
    if code == -signal.SIGALRM:
        return f"it took more than {FILE_SECONDS} s to read"
    return f"its reader broke down (exit code {code})"
