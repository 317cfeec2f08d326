"""Values of metrics and params files: read by their ending, flattened to dotted keys, by DVC's rules.

Where DVC's rules lose something (two values under one dotted key) both are kept and told apart.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlops_kit.core.documents import parse_json, parse_toml, parse_yaml

Value = int | float | bool | str | None
"""A leaf of a metrics or params file. A list is the text that Python writes for it, which is DVC's own answer."""

_GLOB = frozenset("*?[")


@dataclass(frozen=True, kw_only=True)
class ValueFile:
    """The values of one metrics or params file by dotted key.

    `error` says why there are none. `dropped` are keys that hold no value to compare: a list, null, an empty mapping.
    """

    path: str
    values: Mapping[str, Value] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    error: str = ""


def parse_values(data: bytes, *, path: str) -> object:
    """The content of a values file: JSON and TOML by their endings, all others YAML; InputError where it is neither.

    An empty file is an empty mapping. Python files are not read here.
    """
    ending = path.rpartition("/")[2].rpartition(".")[2].lower()
    parse = {"json": parse_json, "toml": parse_toml}.get(ending, parse_yaml)
    return parse(data, file=path).value or {}


def metric_values(path: str, content: object) -> ValueFile:
    """The numbers and texts of a metrics file; lists and nulls are dropped, as DVC does, but named."""
    pairs = list(_pairs(_opened(content)))
    kept = {key: value for key, value in pairs if isinstance(value, int | float | str)}
    return ValueFile(path=path, values=kept, dropped=tuple(key for key, _ in pairs if key not in kept))


def param_values(path: str, content: object, keys: Iterable[str] = ()) -> ValueFile:
    """The values of a params file, or of those keys of it; lists are texts."""
    wanted = tuple(keys)
    selected = _select(content, wanted) if wanted else _opened(content)
    return ValueFile(path=path, values={key: _leaf(value) for key, value in _pairs(selected) if value != {}})


def needs_dvc(keys: Iterable[str]) -> bool:
    """Whether keys of a params file mean more than a path of names: a pattern, or a place in a list."""
    return any(_GLOB & set(key) or any(part.isdigit() for part in key.split(".")) for key in keys)


def _opened(content: object) -> object:
    """The content; a file that is one quoted JSON text stands for what is inside, as it does for DVC."""
    if not isinstance(content, str):
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def _pairs(content: object) -> Iterator[tuple[str, object]]:
    """Dotted keys with their leaves; one value alone has an empty key."""
    if not isinstance(content, dict):
        yield "", content
        return
    leaves = [(names, _join(names), value) for names, value in _leaves(content, ())]
    shared = Counter(key for _, key, _ in leaves)
    for names, key, value in leaves:
        yield key if shared[key] == 1 else _join_apart(names), value


def _leaves(content: Mapping[object, object], above: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], object]]:
    for name, value in content.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _join(names: tuple[object, ...]) -> str:
    return ".".join(_name(name, len(names)) for name in names)


def _join_apart(names: tuple[object, ...]) -> str:
    """The key with dots inside of names escaped, so that `a.b` and `a` with `b` inside are two."""
    return ".".join(_name(name, len(names)).replace(".", "\\.") for name in names)


def _name(name: object, depth: int) -> str:
    """A key as text; alone it is written as JSON writes it."""
    return json.dumps(name) if depth == 1 and (name is None or isinstance(name, bool)) else str(name)


def _leaf(value: object) -> Value:
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _select(content: object, keys: Iterable[str]) -> object:
    selected: dict[object, object] = {}
    for key in keys:
        _copy_path(content, selected, key.split("."))
    return selected


def _copy_path(source: object, target: dict[object, object], names: list[str]) -> None:
    """Copy what lies at the path from one mapping to the other, beside what is there already."""
    for name in source if isinstance(source, dict) else ():
        if str(name) != names[0]:
            continue
        found = source[name] if isinstance(source, dict) else None
        if len(names) == 1:
            target[name] = found
        elif isinstance(found, dict):
            inner = target.setdefault(name, {})
            if isinstance(inner, dict) and inner is not found:
                _copy_path(found, inner, names[1:])
                if not inner:
                    del target[name]
