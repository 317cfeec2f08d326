"""Counts the stages that a dvc.yaml's foreach and matrix make, without making them.

DVC expands first and asks never: 300 x 300 combinations take it a quarter of a minute and a quarter of a gigabyte.
"""

import re
from collections.abc import Iterator, Mapping
from math import prod

from mlops_kit.core.documents import Document
from mlops_kit.core.errors import InputError, KitError
from mlops_kit.core.pipeline.stages import DEFAULT_PARAMS_FILE, join_path
from mlops_kit.core.pipeline.values import parse_values

MOST_STAGES = 10_000
"""How many stages a repository may have, unless its user says otherwise: the largest public one has 1,347."""

_WHOLE_TEMPLATE = re.compile(r"\$\{([^${}]+)\}")
_STEP = re.compile(r"[^.\[\]]+")


def variable_files(document: Document) -> tuple[str, ...]:
    """The files that a dvc.yaml takes its variables from, paths as the repository's."""
    home = document.file.rpartition("/")[0]
    named = (entry.partition(":")[0] for entry in _vars(document) if isinstance(entry, str))
    return tuple(join_path(home, file) for file in dict.fromkeys((DEFAULT_PARAMS_FILE, *named)))


def count_stages(document: Document, files: Mapping[str, bytes]) -> Mapping[str, int]:
    """How many stages each entry of a dvc.yaml stands for; `files` holds those of `variable_files` that are there."""
    entries = document.value.get("stages") if isinstance(document.value, dict) else None
    if not isinstance(entries, dict):
        return {}
    if not any(isinstance(entry, dict) and ("foreach" in entry or "matrix" in entry) for entry in entries.values()):
        return dict.fromkeys(map(str, entries), 1)
    variables = _variables(document, files)
    return {str(name): _count(entry, variables) for name, entry in entries.items()}


def check_count(document: Document, counts: Mapping[str, int], *, most: int) -> InputError | None:
    """An error at the largest group, where all stages together are more than may be."""
    total = sum(counts.values())
    if total <= most:
        return None
    largest = max(counts, key=lambda name: counts[name])
    return InputError(
        f"stands for {counts[largest]:,} stages, of {total:,} in the file; at most {most:,} are allowed",
        location=document.locate_key(("stages", largest)),
        field=f"stages.{largest}",
        hint="make the lists of foreach and matrix shorter, or allow more with --max-stages",
    )


def _vars(document: Document) -> list[object]:
    found = document.value.get("vars") if isinstance(document.value, dict) else None
    return found if isinstance(found, list) else []


def _variables(document: Document, files: Mapping[str, bytes]) -> Mapping[object, object]:
    """What templates can mean: the files' values and then those written in the dvc.yaml."""
    found: dict[object, object] = {}
    for path in variable_files(document):
        if path in files:
            _merge(found, _values(path, files[path]))
    for entry in _vars(document):
        _merge(found, entry)
    return found


def _values(path: str, data: bytes) -> object:
    """A file's values; nothing where it cannot be read, of which DVC tells."""
    try:
        return parse_values(data, path=path)
    except KitError:
        return {}


def _merge(into: dict[object, object], new: object) -> None:
    for key, value in new.items() if isinstance(new, dict) else ():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        else:
            into[key] = value


def _count(entry: object, variables: Mapping[object, object]) -> int:
    match entry:
        case {"foreach": items}:
            return _size(items, variables)
        case {"matrix": dict() as axes}:
            return prod(_size(items, variables) for items in axes.values())
        case _:
            return 1


def _size(items: object, variables: Mapping[object, object]) -> int:
    """The length of a list or mapping; 1 where a template cannot be followed, of which DVC tells."""
    if isinstance(items, str) and (found := _WHOLE_TEMPLATE.fullmatch(items.strip())):
        items = _look_up(variables, found[1])
    return len(items) if isinstance(items, list | dict) else 1


def _look_up(variables: object, path: str) -> object:
    for step in _steps(path):
        if isinstance(variables, dict):
            variables = variables.get(step)
        elif isinstance(variables, list) and step.isdigit() and int(step) < len(variables):
            variables = variables[int(step)]
        else:
            return None
    return variables


def _steps(path: str) -> Iterator[str]:
    return (step.strip() for step in _STEP.findall(path))
