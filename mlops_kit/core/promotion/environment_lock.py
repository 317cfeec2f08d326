"""The file that says which versions an environment should run, where no branch of its own does.

Source of schemas/environment-lock.schema.json. Each model names the bytes, and the commit where its `dvc.lock`, code,
params and metrics are read.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mlops_kit.core.config import Config
from mlops_kit.core.documents import CONFIG_LIMITS, Document, parse_json
from mlops_kit.core.documents.text import raise_found
from mlops_kit.core.errors import Problem
from mlops_kit.core.promotion.log import CommitText, DigestText
from mlops_kit.core.types import CommitSha, Digest, EnvironmentName, ModelName

_STRICT = ConfigDict(extra="forbid")


def _check_version(written: object) -> object:
    """Only the whole number passes; `true` is equal to it in Python, and not meant."""
    if type(written) is not int:
        raise ValueError("expected 1")
    return written


@dataclass(frozen=True, kw_only=True)
class LockedVersion:
    """Which bytes of a model, and the commit that made them."""

    __pydantic_config__ = _STRICT

    digest: DigestText
    commit: CommitText


@dataclass(frozen=True, kw_only=True)
class EnvironmentLock:
    """The whole file: the format's version, and a version for each model by its name."""

    __pydantic_config__ = _STRICT

    version: Annotated[Literal[1], BeforeValidator(_check_version)]
    models: dict[Annotated[str, Field(min_length=1)], LockedVersion]


@dataclass(frozen=True, kw_only=True)
class LockedModel:
    """A model as the file names it."""

    name: ModelName
    digest: Digest
    commit: CommitSha


_ADAPTER = TypeAdapter(EnvironmentLock)
_WORDS = {
    "digest": "expected ALGORITHM:VALUE, such as md5:…",
    "commit": "expected the 40 hexadecimal digits of a commit",
    "version": "expected version 1: a file for a newer mlops-kit needs a newer mlops-kit",
}


def environment_lock_path(config: Config, name: EnvironmentName) -> str:
    """`environments/<environment>.lock.json`."""
    return f"{config.promotion.folder}/{name}.lock.json"


def parse_environment_lock(data: bytes, *, file: str) -> tuple[LockedModel, ...]:
    """The models that a file names, sorted; InvalidInputError with every problem, each with its line and field."""
    document = parse_json(data, file=file, limits=CONFIG_LIMITS)
    try:
        found = _ADAPTER.validate_python(document.value)
    except ValidationError as error:
        raise_found(_problem(document, detail) for detail in error.errors(include_url=False))
        raise
    return tuple(
        LockedModel(name=ModelName(name), digest=Digest.parse(one.digest), commit=CommitSha(one.commit))
        for name, one in sorted(found.models.items())
    )


def environment_lock_text(models: Iterable[LockedModel]) -> str:
    """The file that names these models: sorted, two spaces for each level, a line end."""
    entries = {one.name: {"digest": str(one.digest), "commit": one.commit} for one in models}
    return json.dumps({"version": 1, "models": entries}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    return Problem(
        message=_describe(detail),
        location=document.locate(path),
        field=".".join(str(part) for part in path),
        hint="mlops-kit promote writes this file" if detail["type"] == "missing" else "",
    )


def _describe(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return "this key is missing"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return "unknown key"
        case "dataclass_type" | "dict_type" | "dataclass_exact_type":
            return "expected an object"
        case _:
            words = _WORDS.get(str(detail["loc"][-1]) if detail["loc"] else "", detail["msg"])
            return f"{words}, got {detail['input']!r:.60}"
