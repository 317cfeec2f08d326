"""What the validator found, in words for the person who wrote the file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from mlops_kit.core.config.model import Config
from mlops_kit.core.config.names import did_you_mean, suggest
from mlops_kit.core.documents import Key

Path = tuple[Key, ...]

_EXPECTED = {
    "dict_type": "expected a mapping",
    "finite_number": "expected a finite number",
    "float_type": "expected a number",
    "model_type": "expected a mapping",
    "tuple_type": "expected a list",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing the validator found; `written` is the value as it stands in the file, where it is plain."""

    path: Path
    detail: ErrorDetails
    written: str

    @property
    def shown(self) -> str:
        """The value for a message."""
        return describe_value(self.detail["input"], self.written)


def describe(finding: Finding) -> tuple[str, str]:
    """A finding as a message and a hint."""
    special = _SPECIAL.get(finding.detail["type"], _describe_kind_of_value)
    return special(finding)


def _describe_kind_of_value(finding: Finding) -> tuple[str, str]:
    kind = finding.detail["type"]
    return f"{_EXPECTED.get(kind, finding.detail['msg'])}, got {finding.shown}", ""


def _describe_missing(finding: Finding) -> tuple[str, str]:
    return "this key is missing", f"add it: {_missing_example(finding.path)}"


def _describe_unknown(finding: Finding) -> tuple[str, str]:
    return "unknown key", suggest(str(finding.path[-1]), _known_keys(finding.path[:-1]))


def _describe_choice(finding: Finding) -> tuple[str, str]:
    choices = _choices(finding.path)
    close = did_you_mean(str(finding.detail["input"]), choices)
    return f"{finding.shown} is not one of {', '.join(choices)}", close


def _describe_version(finding: Finding) -> tuple[str, str]:
    return f"expected version: 1, got {finding.shown}", "a file for a newer mlops-kit needs a newer mlops-kit"


def _describe_rule(finding: Finding) -> tuple[str, str]:
    reason = finding.detail["msg"].removeprefix("Value error, ")
    whole = isinstance(finding.detail["input"], dict | list)
    return (reason if whole else f"{reason}, got {finding.shown}"), ""


def _describe_text(finding: Finding) -> tuple[str, str]:
    number = isinstance(finding.detail["input"], int | float)
    return f"expected text, got {finding.shown}", quoting_hint(finding.path, finding.written) if number else ""


def _describe_boolean(finding: Finding) -> tuple[str, str]:
    return f"expected true or false, got {finding.shown}", "YAML 1.2 knows only true and false, without quotes"


def _describe_empty(finding: Finding) -> tuple[str, str]:  # noqa: ARG001 - the shape of every description
    return "must not be empty", ""


def _describe_minimum(finding: Finding) -> tuple[str, str]:
    return f"must be at least {finding.detail['ctx']['ge']:g}, got {finding.shown}", ""


_SPECIAL: dict[str, Callable[[Finding], tuple[str, str]]] = {
    "bool_type": _describe_boolean,
    "enum": _describe_choice,
    "extra_forbidden": _describe_unknown,
    "greater_than_equal": _describe_minimum,
    "literal_error": _describe_version,
    "missing": _describe_missing,
    "string_too_short": _describe_empty,
    "string_type": _describe_text,
    "too_short": _describe_empty,
    "value_error": _describe_rule,
}


def describe_value(value: object, written: str) -> str:
    """A value for a message: as written where it is a plain scalar, cut where it is long."""
    if isinstance(value, str):
        return repr(value[:60])
    if value is None or isinstance(value, dict | list):
        return describe_kind(value)
    return f"the {_kind_of(value)} {written or value!s:.60}"


def describe_kind(value: object) -> str:
    """What sort of value it is, with its article."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return "text"
        case _:
            return f"a {_kind_of(value)}"


def quoting_hint(path: Path, written: str) -> str:
    """How to make a plain scalar text."""
    key = path[-1] if path and isinstance(path[-1], str) else "-"
    start = f"{key}:" if key != "-" else key
    return f'quote it: {start} "{written}"' if written else "quote it"


def _kind_of(value: object) -> str:
    return "boolean" if isinstance(value, bool) else "number"


def _missing_example(path: Path) -> str:
    examples = {
        "version": "version: 1",
        "branch": "branch: NAME",
        "by": "by: review",
        "metric": "metric: NAME",
        "kind": "kind: NAME",
    }
    return examples.get(str(path[-1]), f"{path[-1]}: …")


def _known_keys(path: Path) -> list[str]:
    return list(_schema_at(path).get("properties", {}))


def _choices(path: Path) -> list[str]:
    return [str(choice) for choice in _schema_at(path).get("enum", [])]


def _schema_at(path: Path) -> dict[str, Any]:
    """The part of the configuration's schema that a path leads to."""
    whole = Config.model_json_schema(by_alias=True)
    part: dict[str, Any] = whole
    for key in path:
        part = _resolve(whole, part)
        part = part["items"] if isinstance(key, int) else _property(part, key)
    return _resolve(whole, part)


def _property(part: dict[str, Any], key: str) -> dict[str, Any]:
    named: dict[str, Any] = part.get("properties", {})
    patterns: dict[str, Any] = part.get("patternProperties", {})
    found: dict[str, Any] = (
        named.get(key) or next(iter(patterns.values()), None) or part.get("additionalProperties", {})
    )
    return found or {}


def _resolve(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and the one choice of an optional value that is not null."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return _resolve(whole, whole["$defs"][name])
    choices = [choice for choice in part.get("anyOf", []) if choice.get("type") != "null"]
    return _resolve(whole, choices[0]) if choices and "properties" not in part else part
