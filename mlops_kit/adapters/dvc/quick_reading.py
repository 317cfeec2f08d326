"""Gives DVC its files read by the kit's YAML reader, which is some ten times as fast as the one that DVC brings.

Params files are read once per content instead of once per stage.

Both readers give the same values: what the kit's does not read as DVC's does (dates, tags), or refuses, is left to
DVC's, which then finds its own words for what is wrong.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from dvc.dependency import param
from dvc.dvcfile import FileMixin
from dvc.fs import LocalFileSystem
from voluptuous import Invalid

from mlops_kit.adapters.dvc.replaced import replaced
from mlops_kit.core.documents import parse_yaml
from mlops_kit.core.errors import KitError

_DATE = r"\d{4}-\d\d?-\d\d?"
_LEAVE = re.compile(
    r"(?m)^%"  # directives
    r"|(?:^|[\s\[{,])[!=]"  # tags, and YAML's default value
    rf"|(?:[:\-\[{{,?]\s+|[\[{{,]|^){_DATE}(?![^\s,\]}}:])|{_DATE}[Tt ]\d\d?:"  # dates and times
)
_NOT_YAML = frozenset({".json", ".toml", ".py"})
"""What DVC reads otherwise; every other ending is YAML to it."""

_slow_load = FileMixin._load_yaml
_slow_params = param.load_path


@contextmanager
def quick_reading() -> Iterator[None]:
    """Every dvc.yaml, dvc.lock, `.dvc` and params file that DVC loads meanwhile is read by the kit where it can be."""
    with replaced(FileMixin, "_load_yaml", _load), replaced(param, "load_path", ParamsFiles().load):
        yield


class ParamsFiles:
    """Params files by their path, kept as long as their size and time of change stay."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], Any]] = {}

    def load(self, path: str, fs: object, **options: object) -> Any:  # noqa: ANN401 - dvc has no types
        """The file's content, for the caller to change as it likes."""
        if options or not isinstance(fs, LocalFileSystem):
            return _slow_params(path, fs, **options)
        stamp = _stamp(path)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            found = None if Path(path).suffix.lower() in _NOT_YAML else _read(path)
            known = stamp, _slow_params(path, fs) if found is None else found[0]
            self._known[path] = known
        return deepcopy(known[1])


def _stamp(path: str) -> tuple[int, ...]:
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _load(file: FileMixin, **options: Any) -> tuple[Any, str]:  # noqa: ANN401 - dvc has no types
    """DVC's own method, but for how the text becomes a value."""
    found = None if options or not isinstance(file.repo.fs, LocalFileSystem) else _read(file.path)
    if found is None or not _is_valid(found[0], file.SCHEMA):
        data, text = _slow_load(file, **options)
        return data, text
    return found


def _is_valid(value: object, schema: Callable[[object], object]) -> bool:
    try:
        schema(value)
    except Invalid:
        return False
    return True


def _read(path: str) -> tuple[Any, str] | None:
    """A file's value and text, None where DVC's reader is to read it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        value = None if _LEAVE.search(text) else parse_yaml(text.encode(), file=path).value
    except (KitError, OSError, UnicodeError):
        return None
    return None if value is None else (value, text)
