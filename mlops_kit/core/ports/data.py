"""What data sets hold."""

from collections.abc import Collection
from typing import Protocol

from mlops_kit.core.drift.profile import DataProfile, DataSet
from mlops_kit.core.drift.schema import DataSchema, Violation


class Profiler(Protocol):
    """Reads tables of any size within bounded memory; the same bytes give the same profile."""

    def profile(self, data: DataSet, *, columns: Collection[str] | None = None) -> DataProfile:
        """What a data set holds, of the named columns only where some are named.

        InputError, with the file and the row where there is one, for what cannot be read as one table: no file, no
        column, two columns of one name, files that differ in their columns, bytes of another encoding, a cut file.
        A table without rows is a profile with none.
        """

    def find_offenders(self, data: DataSet, schema: DataSchema) -> tuple[Violation, ...]:
        """Rules about values that rows break: how many rows, and the most frequent of the bad values.

        Rules about the table itself, and about columns that are not there, are left to the profile. InputError as
        for a profile.
        """
