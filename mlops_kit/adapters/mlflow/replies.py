"""What an MLflow server's replies mean: an answer, MLflow's own error, or something that MLflow does not say."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mlops_kit.adapters.mlflow.words import is_lost_race
from mlops_kit.core.errors import ConflictError, KitError, OutsideError, PassingError

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_VERSION = re.compile(r"\d{1,4}(?:\.\w{1,12}){1,4}")
_HINT = "check that it is up, and MLFLOW_TRACKING_URI and its credentials"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Status, headers and text that came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_nameless(self) -> bool:
        """Whether it refuses without an error code, as MLflow never does: an old one, or another server."""
        return self.status in {401, 403, 404, 405} and not _read_error(self.text)[0]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said: JSON, or its own word for why there is none, of those words that the caller expects."""

    value: object = None
    error_code: str = ""


Shape = TypeVar("Shape", bound=BaseModel)


def judge(reply: Reply, about: str, *, expected: str) -> Answer:
    """The answer, or the error that the reply means; `about` begins the error's text."""
    if 200 <= reply.status < 300:
        return Answer(value=_parse(reply, about))
    code, _ = _read_error(reply.text)
    if expected and code == expected:
        return Answer(error_code=code)
    raise error_of(reply, about)


def read_shape(shape: type[Shape], value: object) -> Shape:
    """A JSON value as a typed one; PassingError where it is malformed."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise PassingError(
            f"MLflow's answer is malformed: {error.error_count()} fields are missing or wrong"
        ) from error


def read_server_version(reply: Reply) -> str:
    """The version that a server tells; empty where it tells something else."""
    text = reply.text.strip()
    return text if reply.status == 200 and _VERSION.fullmatch(text) else ""


def error_of(reply: Reply, about: str) -> KitError:
    """The error that a reply means which is no answer."""
    status, (code, message) = reply.status, _read_error(reply.text)
    told = f"{about}: {message}" if message else about
    if is_lost_race(code, message):
        return ConflictError(told, hint="run it again")
    if status in TRANSIENT:
        asked = reply.headers.get("retry-after", "")
        return PassingError(told, wait_seconds=float(asked) if asked.isdecimal() and len(asked) < 9 else None)
    if 300 <= status < 400:
        return OutsideError(
            f"{told}, which is not followed", hint="set MLFLOW_TRACKING_URI to the server's own address"
        )
    if status in {401, 403}:
        return OutsideError(told, hint="set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and _PASSWORD")
    if reply.is_nameless:
        return OutsideError(
            f"{told}, which it does not know", hint="MLFLOW_TRACKING_URI must name an MLflow server of 2.3 or newer"
        )
    return OutsideError(told, hint=_HINT)


def _parse(reply: Reply, about: str) -> object:
    try:
        return json.loads(reply.text)
    except (ValueError, RecursionError) as error:
        raise PassingError(f"{about} with something that is not JSON") from error


def _read_error(text: str) -> tuple[str, str]:
    """MLflow's own word and sentence of an error, the sentence on one line; empty where the body is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(value, dict):
        return "", ""
    return str(value.get("error_code", "")), " ".join(str(value.get("message", "")).split())[:300]
