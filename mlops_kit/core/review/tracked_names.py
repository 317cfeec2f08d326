"""Names and values as MLflow takes them: which characters, how long, and what becomes of the others.

The rules are those of `mlflow.utils.validation`. What is spelled otherwise is so by the text alone, so that the same
name is the same in every run.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from mlops_kit.core.pipeline.values import Value, ValueFile

NAME_LIMIT = 250
PARAM_LIMIT = 6_000
"""Characters of a param's value, MLflow 2.8 and newer."""
TAG_LIMIT = 5_000
"""Characters of a tag's value that every MLflow takes; newer ones take 8,000."""
_UNFIT = re.compile(r"[^/\w.\- :]")
_HASH = 8


def fit_name(name: str, *, limit: int = NAME_LIMIT) -> str:
    """The name as it is where MLflow takes it; `@` becomes `:`, and all else `_` and a piece of the name's hash."""
    plain = name.replace("@", ":")
    if 0 < len(plain) <= limit and not _UNFIT.search(plain) and _is_plain_path(plain):
        return plain
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    readable = posixpath.normpath(_UNFIT.sub("_", plain)).lstrip("./")
    return f"{readable[: limit - _HASH - 1]}-{digest}"


def fit_text(text: str, *, limit: int = TAG_LIMIT) -> str:
    """The text without what no database keeps, cut to the limit."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def name_values(files: Iterable[ValueFile]) -> dict[str, Value]:
    """Every value by its key, or by `file:key` where several files have the key; sorted by name."""
    known = tuple(files)
    uses = Counter(key for file in known for key in file.values)
    named = {
        key if key and uses[key] == 1 else f"{file.path}:{key}".rstrip(":"): value
        for file in known
        for key, value in file.values.items()
    }
    return dict(sorted(named.items()))


def show_param(value: Value) -> str:
    """A value as YAML has it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _is_plain_path(name: str) -> bool:
    return posixpath.normpath(name) == name and name != "." and not name.startswith(("..", "/"))
