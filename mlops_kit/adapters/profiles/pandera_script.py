"""Checks data by a team's Pandera schema and writes what fails as JSON; run by the team's own Python.

Standard library, pandas and Pandera only: this file knows nothing of the kit, which is not installed there. The
request is JSON on standard input; the answer goes into the file that it names.
"""

from __future__ import annotations

import sys

sys.path[:1] = []  # Python puts this file's folder there, whose modules are not the team's

import importlib.util  # noqa: E402
import json  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, Iterator  # noqa: E402, UP035 - for the Python of the team, however old

EXAMPLES = 5
TEXT_LIMIT = 200


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    sys.path.insert(0, request["folder"])
    answer = {"failures": list(check(load_schema(request), read_data(request)))}
    Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def load_schema(request: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the team's file has
    """The schema; ends the process where it is none."""
    spec = importlib.util.spec_from_file_location("team_schema", request["schema"])
    if spec is None or spec.loader is None:
        sys.exit(f"{request['schema']} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["team_schema"] = module
    spec.loader.exec_module(module)
    schema = getattr(module, request["name"], None)
    if not hasattr(schema, "validate"):
        sys.exit(f"{request['name']} is no Pandera schema: it has no validate()")
    return schema


def read_data(request: dict[str, Any]) -> Any:  # noqa: ANN401 - a data frame
    """All files as one data frame."""
    import pandas as pd

    csv = {"sep": request["delimiter"], "encoding": request["encoding"]}
    readers = {
        "csv": lambda file: pd.read_csv(file["place"], compression=file["compression"], **csv),
        "parquet": lambda file: pd.read_parquet(file["place"]),
        "json-lines": lambda file: pd.read_json(file["place"], lines=True, compression=file["compression"]),
    }
    frames = [readers[request["format"]](file) for file in request["files"]]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def check(schema: Any, frame: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - Pandera's and pandas' own
    """What fails, by column and check: how often, and the most frequent values."""
    from pandera import errors

    try:
        schema.validate(frame, lazy=True)
    except (errors.SchemaErrors, errors.SchemaError) as error:
        yield from group(error.failure_cases.to_dict("records"))


def group(cases: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The failure cases of each column and check together."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for case in cases:
        values = counts.setdefault((text(case.get("column")), text(case.get("check"))), {})
        value = text(case.get("failure_case"))
        values[value] = values.get(value, 0) + 1
    for (column, name), values in sorted(counts.items()):
        often = sorted(values, key=lambda value: (-values[value], value))
        yield {"column": column, "check": name, "rows": sum(values.values()), "examples": often[:EXAMPLES]}


def text(value: object) -> str:
    """A value as text, empty where there is none."""
    return "" if value is None or value != value else str(value)[:TEXT_LIMIT]  # noqa: PLR0124 - true for NaN only


if __name__ == "__main__":
    main()
