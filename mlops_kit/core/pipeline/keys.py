"""Which keys a dvc.yaml may have, and which it has that mean nothing: DVC would stop at the first of them."""

from collections.abc import Collection, Iterator

from mlops_kit.core.config.names import did_you_mean
from mlops_kit.core.documents import Document, Key
from mlops_kit.core.errors import Problem

_TOP = ("stages", "vars", "params", "metrics", "plots", "artifacts", "datasets")
_STAGE = (
    "cmd", "wdir", "deps", "params", "vars", "outs", "metrics", "plots",
    "frozen", "always_changed", "desc", "meta", "matrix",
)  # fmt: skip
_GROUP = ("foreach", "do")


def check_keys(document: Document) -> tuple[Problem, ...]:
    """Every unknown key of a dvc.yaml, with its line and the key that was probably meant."""
    return tuple(_unknown_keys(document))


def _unknown_keys(document: Document) -> Iterator[Problem]:
    top = document.value if isinstance(document.value, dict) else {}
    yield from _unknown(document, (), known=_TOP)
    stages = top.get("stages")
    for name, entry in stages.items() if isinstance(stages, dict) else ():
        path: tuple[Key, ...] = ("stages", name)
        if isinstance(entry, dict) and _GROUP[0] in entry:
            yield from _unknown(document, path, known=_GROUP)
            path = (*path, "do")
        yield from _unknown(document, path, known=_STAGE)


def _unknown(document: Document, path: tuple[Key, ...], *, known: Collection[object]) -> Iterator[Problem]:
    for key in _keys_at(document.value, path):
        if key not in known:
            yield Problem(
                message="unknown key",
                location=document.locate_key((*path, key)),
                field=".".join(str(part) for part in (*path, key)),
                hint=did_you_mean(str(key), map(str, known)),
            )


def _keys_at(value: object, path: tuple[Key, ...]) -> tuple[Key, ...]:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return tuple(value) if isinstance(value, dict) else ()
