"""Changes single values of a YAML file and leaves its comments and order as they are."""

import io
from collections.abc import Mapping, MutableMapping
from enum import Enum
from typing import Any

from mlops_kit.core.documents.document import Key
from mlops_kit.core.documents.scalars import Scalar, means_otherwise_elsewhere
from mlops_kit.core.errors import InputError, Location

_LINE_WIDTH = 4096


class Gone(Enum):
    """What is put in the place of a value that is to be removed."""

    GONE = "gone"


Edits = Mapping[tuple[Key, ...], object]
"""New values by their paths from the top; `Gone.GONE` removes one."""


def edit_yaml(data: bytes, edits: Edits, *, file: str) -> bytes:
    """The file with these values; InputError where a path leads through something that is no mapping."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    tool = YAML()
    tool.preserve_quotes = True
    tool.width = _LINE_WIDTH
    try:
        value = tool.load(data)
    except YAMLError as error:
        raise InputError("cannot be changed: it is not YAML", location=Location(file=file)) from error
    for path, new in edits.items():
        _edit(value, path, new, file)
    stream = io.BytesIO()
    tool.dump(value, stream)
    return stream.getvalue()


def plain_scalar(value: Scalar) -> object:
    """A value for `edit_yaml`, written so that readers of YAML 1.1 find the same: `1.0e-05` and `'no'`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import SingleQuotedScalarString

    if isinstance(value, str) and means_otherwise_elsewhere(value):
        return SingleQuotedScalarString(value)
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        written: object = YAML().load(repr(value).replace("e", ".0e"))
        return written
    return value


def _edit(value: object, path: tuple[Key, ...], new: object, file: str) -> None:
    *above, last = path
    for key in above:
        value = _mapping(value, path, file).setdefault(key, {})
    inner = _mapping(value, path, file)
    if new is Gone.GONE:
        inner.pop(last, None)
    else:
        inner[last] = new


def _mapping(value: object, path: tuple[Key, ...], file: str) -> MutableMapping[Any, Any]:
    if not isinstance(value, MutableMapping):
        field = ".".join(map(str, path))
        raise InputError("cannot be changed: it is not in a mapping", location=Location(file=file), field=field)
    return value
