"""What data sets hold."""

from collections.abc import Collection
from typing import Protocol

from mlops_kit.core.drift.profile import DataProfile, DataSet


class Profiler(Protocol):
    """Reads tables of any size within bounded memory; the same bytes give the same profile."""

    def profile(self, data: DataSet, *, columns: Collection[str] | None = None) -> DataProfile:
        """What a data set holds, of the named columns only where some are named.

        InputError, with the file and the row where there is one, for what cannot be read as one table: no file, no
        column, two columns of one name, files that differ in their columns, bytes of another encoding, a cut file.
        A table without rows is a profile with none.
        """
