"""Spares DVC from looking through the same folder again for every stage that reads it, as long as no command ended.

A command may write anywhere, so what is known of folders is forgotten whenever one ended or outputs were checked out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dvc.output import Output

from mlops_kit.adapters.dvc.replaced import replaced

_slow_hash = Output.get_hash


class FolderHashes:
    """The hashes of folders, by path, since the last change."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Any] = {}

    def forget(self) -> None:
        """Files may have changed."""
        self._known.clear()

    def find(self, out: Output) -> Any:  # noqa: ANN401 - dvc has no types
        """DVC's own answer; for a folder of this machine, the one that it gave before."""
        if out.protocol != "local":
            return _slow_hash(out)
        key = (out.fs_path, out.hash_name)
        found = self._known.get(key) or _slow_hash(out)
        if found.isdir:
            self._known[key] = found
        return found


@contextmanager
def quick_hashing(hashes: FolderHashes) -> Iterator[None]:
    """What DVC wants to know of a folder meanwhile, it learns from these hashes."""

    def get_hash(out: Output) -> Any:  # noqa: ANN401 - dvc has no types
        return hashes.find(out)

    with replaced(Output, "get_hash", get_hash):
        yield
