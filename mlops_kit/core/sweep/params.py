"""Params files with the values of a trial: YAML keeps its comments and order, JSON its order.

A param has to be there already: a new key is nearly always a mistyped one.
"""

import json
from collections.abc import Iterable, Mapping

from mlops_kit.core.config.names import did_you_mean
from mlops_kit.core.documents import Key, parse_json, parse_yaml
from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.documents.yaml_edit import edit_yaml, plain_scalar
from mlops_kit.core.errors import InputError, InvalidInputError, Location, Problem
from mlops_kit.core.sweep.trial import Param, Setting

_Path = tuple[Key, ...]
_UNWRITABLE = frozenset({"py", "toml"})


def check_params(files: Mapping[str, bytes], params: Iterable[Param]) -> None:
    """InvalidInputError with every param that is not there, or that is no single value."""
    problems: list[Problem] = []
    for param in params:
        try:
            _locate(files, param)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInputError(problems)


def set_params(files: Mapping[str, bytes], settings: Iterable[Setting]) -> Mapping[str, bytes]:
    """The contents of the params files with these values; each param is there."""
    edits: dict[str, dict[_Path, Scalar]] = {}
    for setting in settings:
        edits.setdefault(setting.param.file, {})[_locate(files, setting.param)] = setting.value
    return {file: _edit(files[file], changes, file) for file, changes in edits.items()}


def _edit(data: bytes, changes: Mapping[_Path, Scalar], file: str) -> bytes:
    if _ending(file) != "json":
        return edit_yaml(data, {path: plain_scalar(value) for path, value in changes.items()}, file=file)
    content: object = json.loads(data)
    for path, value in changes.items():
        inner: object = content
        for key in path[:-1]:
            inner = inner[key] if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[path[-1]] = value
    return (json.dumps(content, indent=_indent(data), ensure_ascii=False) + "\n").encode()


def _locate(files: Mapping[str, bytes], param: Param) -> _Path:
    """Where the param is in its file."""
    if param.file not in files:
        raise InputError("no such file, or not committed", location=Location(file=param.file), field=param.key)
    if _ending(param.file) in _UNWRITABLE:
        raise InputError(
            "a sweep cannot write this kind of file",
            location=Location(file=param.file),
            field=param.key,
            hint="move the param to a YAML or JSON file",
        )
    parse = parse_json if _ending(param.file) == "json" else parse_yaml
    content = parse(files[param.file], file=param.file).value
    found = _find(content, param.key.split("."))
    if found is None:
        close = did_you_mean(param.key, _keys(content, ""))
        raise InputError("there is no such param", location=Location(file=param.file), field=param.key, hint=close)
    path, value = found
    if isinstance(value, dict | list):
        kind = "mapping" if isinstance(value, dict) else "list"
        raise InputError(
            f"this is a {kind}, and a sweep sets single values", location=Location(file=param.file), field=param.key
        )
    return path


def _find(content: object, parts: list[str]) -> tuple[_Path, object] | None:
    """The path to a dotted key and what is there; a name may hold dots itself, and be a number."""
    if not isinstance(content, dict):
        return None
    for name, inner in content.items():
        own = str(name).split(".")
        if own == parts:
            return (name,), inner
        if own == parts[: len(own)] and (found := _find(inner, parts[len(own) :])):
            return (name, *found[0]), found[1]
    return None


def _keys(content: object, above: str) -> Iterable[str]:
    for name, inner in content.items() if isinstance(content, dict) else ():
        if isinstance(inner, dict):
            yield from _keys(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _indent(data: bytes) -> int | None:
    """The indentation of a JSON file's first inner line; None where it is all in one."""
    lines = data.splitlines()
    return len(lines[1]) - len(lines[1].lstrip()) or None if len(lines) > 1 else None


def _ending(file: str) -> str:
    return file.rpartition("/")[2].rpartition(".")[2].lower()
