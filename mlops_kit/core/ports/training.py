"""The data that a pipeline is trained on, as it lies in the work tree."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from mlops_kit.core.types import Digest


class Workbench(Protocol):
    """The data of a work tree that DVC knows; paths are from the repository's top."""

    def update_imports(self, files: Iterable[str]) -> None:
        """Bring what these `.dvc` files import up to date, as `dvc update` does; others are left alone.

        OutsideError where a source gives no answer: what was updated before stays.
        """

    def read_digests(self, paths: Iterable[str]) -> Mapping[str, Digest]:
        """What lies at those paths that are here or at an address; what is not here is left out.

        OutsideError where an address gives no answer.
        """

    def keep_data(self, files: Iterable[str]) -> None:
        """Have DVC keep what lies in the places of these `.dvc` files now, and the files say so; imports stay."""
