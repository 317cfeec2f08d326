"""Checks InferenceServices offline against KServe's own schema, more strictly than a cluster does.

A cluster drops fields that it does not know; here they are refused, because most of them are misspelled.
"""

import difflib
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mlops_kit.core.errors import InvalidInputError, Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

VERSION = "0.20.0"
_FILE = f"inferenceservice-v1beta1-v{VERSION}.schema.json.gz"
_FREE = "x-kubernetes-preserve-unknown-fields"


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """InvalidInputError with everything in the manifest that KServe's schema does not allow."""
    problems = [problem for error in _validator().iter_errors(manifest) for problem in _explain(error)]
    if problems:
        raise InvalidInputError(sorted(problems, key=str))


@cache
def _validator() -> "Draft202012Validator":
    from jsonschema import Draft202012Validator

    packed = files("mlops_kit").joinpath("data", "kserve", _FILE).read_bytes()
    return Draft202012Validator(_closed(json.loads(gzip.decompress(packed))))


def _closed(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """The schema with unknown fields refused wherever the known ones are listed."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    is_listed = isinstance(node.get("properties"), dict) and node.get("type") == "object"
    if is_listed and not node.get(_FREE) and "additionalProperties" not in node:
        closed["additionalProperties"] = False
    return closed


def _explain(error: "ValidationError") -> Iterator[Problem]:
    path = _spell(error.absolute_path)
    if error.validator == "additionalProperties":
        known: Mapping[str, Any] = error.schema["properties"]  # type: ignore[index]  # it lists what it knows
        found: Mapping[str, Any] = error.instance  # type: ignore[assignment]
        for name in sorted(found.keys() - known.keys()):
            yield Problem(
                message=f"{path}{'.' if path else ''}{name}: unknown field{_suggest(name, known)}", hint=_hint()
            )
        return
    yield Problem(message=f"{path or 'the manifest'}: {error.message[:300]}", hint=_hint())


def _suggest(name: str, known: Mapping[str, Any]) -> str:
    lower = {one.lower(): one for one in sorted(known)}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    return f", did you mean {lower[close[0]]}?" if close else ""


def _spell(path: "Iterable[str | int]") -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _hint() -> str:
    return f"fields as KServe {VERSION} has them: https://kserve.github.io/website/docs/reference/crd-api"
