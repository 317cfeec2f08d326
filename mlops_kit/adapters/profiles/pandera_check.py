"""Data against a Pandera schema that the team wrote in Python.

It runs the team's code: only in a job without secrets and without write access, never in a privileged one. The code
gets a process of its own, by the team's Python where that has Pandera, with the environment that stages get.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_kit import DISTRIBUTION
from mlops_kit.adapters import process
from mlops_kit.adapters.profiles.folder import check_regular
from mlops_kit.adapters.profiles.opening import is_packed
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.drift.profile import DataFile, DataProfile
from mlops_kit.core.drift.schema import EXAMPLES, Rule, Violation
from mlops_kit.core.errors import InputError, Location

PROBE_SECONDS = 60.0
ANSWER_LIMIT = 8 * 1024 * 1024
"""Bytes of the longest answer that is read."""
_SCRIPT = Path(__file__).with_name("pandera_script.py")
_RULES = {
    "not_nullable": (Rule.NULLABLE, "there in each row"),
    "field_uniqueness": (Rule.UNIQUE, "there only once"),
    "multiple_fields_uniqueness": (Rule.UNIQUE, "there only once"),
    "column_in_dataframe": (Rule.REQUIRED, "there"),
    "column_in_schema": (Rule.OTHER_COLUMNS, "named by the schema"),
}


@dataclass(frozen=True, kw_only=True)
class PanderaSchema:
    """A schema in a Python file of the repository at `folder`: its path there, and its name in it.

    `environment` is what the team's code gets, without the kit's tokens: the one of stages.
    """

    folder: Path
    path: str
    name: str
    environment: Mapping[str, str]
    timeout_seconds: float = 1800.0

    @property
    def file(self) -> DataFile:
        """The Python file."""
        return DataFile(place=self.folder / self.path, name=self.path)


def parse_pandera_reference(text: str) -> tuple[str, str]:
    """`PATH.py:NAME` as path and name; InputError for everything else."""
    path, _, name = text.rpartition(":")
    if not path.endswith(".py") or not name.isidentifier() or Path(path).is_absolute() or ".." in Path(path).parts:
        raise InputError(f"{text!r} names no schema", hint="write PATH.py:NAME, with a path inside the repository")
    return path, name


def check_by_pandera(profile: DataProfile, schema: PanderaSchema) -> tuple[Violation, ...]:
    """What a Pandera schema finds wrong with the profiled data, which pandas reads whole into memory.

    It runs the team's code; see the module. InputError where that cannot be run, or fails.
    """
    check_regular(schema.file)
    python = _find_python(schema)
    with scratch_folder() as folder:
        answer = folder / "answer.json"
        done = process.run(
            process.Call(
                words=(python, str(_SCRIPT)),
                folder=schema.folder,
                environment=schema.environment,
                stdin=json.dumps(_request(profile, schema, answer)).encode(),
                timeout_seconds=schema.timeout_seconds,
                title=f"the schema {schema.path}",
            )
        )
        if done.code != 0 or not answer.is_file() or answer.is_symlink() or answer.stat().st_size > ANSWER_LIMIT:
            raise _failure(schema, done)
        return tuple(sorted(_violations(answer.read_bytes(), schema)))


def _find_python(schema: PanderaSchema) -> str:
    """The team's Python where it has Pandera, else the kit's own."""
    path = schema.environment.get("PATH")
    named = (shutil.which(name, path=path) for name in ("python3", "python"))
    for python in dict.fromkeys([*(found for found in named if found), sys.executable]):
        words = (python, "-c", "import pandas, pandera")
        call = process.Call(
            words=words, folder=schema.folder, environment=schema.environment, timeout_seconds=PROBE_SECONDS
        )
        if process.run(call).code == 0:
            return python
    raise InputError("a Pandera schema needs pandera", hint=f'pip install "{DISTRIBUTION}[pandera]"')


def _request(profile: DataProfile, schema: PanderaSchema, answer: Path) -> dict[str, Any]:
    return {
        "schema": str(schema.file.place.absolute()),
        "name": schema.name,
        "folder": str(schema.folder.absolute()),
        "answer": str(answer),
        "format": profile.format,
        "delimiter": profile.delimiter,
        "encoding": "utf-8-sig" if profile.encoding == "utf-8" else profile.encoding,
        "files": [
            {"place": str(file.place.absolute()), "compression": "gzip" if is_packed(file) else None}
            for file in profile.source.files
        ],
    }


def _failure(schema: PanderaSchema, done: process.Completed) -> InputError:
    lines = [line for line in done.errors.splitlines() if line.strip()]
    why = lines[-1].strip()[:300] if lines else f"exit code {done.code}, and no answer"
    return InputError(f"the schema {schema.name} cannot be checked: {why}", location=Location(file=schema.path))


def _violations(data: bytes, schema: PanderaSchema) -> Iterator[Violation]:
    """What the answer says; it comes from the team's code, so that every value is looked at."""
    try:
        for failure in json.loads(data)["failures"]:
            yield _violation(str(failure["column"]), str(failure["check"]), failure)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("the answer is not what was asked for", location=Location(file=schema.path)) from error


def _violation(column: str, check: str, failure: Mapping[str, Any]) -> Violation:
    examples = tuple(str(example) for example in failure["examples"][:EXAMPLES] if example != "")
    rule, expected = _RULES.get(check, (Rule.CHECK, check))
    if check.startswith("dtype("):
        rule, expected = Rule.TYPE, check.removeprefix("dtype('").removesuffix("')")
    if rule in {Rule.REQUIRED, Rule.OTHER_COLUMNS}:
        return Violation(column=examples[0] if examples else column, rule=rule, expected=expected)
    return Violation(column=column, rule=rule, expected=expected, rows=int(failure["rows"]), examples=examples)
