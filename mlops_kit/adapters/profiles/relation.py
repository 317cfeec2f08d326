"""A table as DuckDB reads it, before anybody looked at its values."""

from collections.abc import Collection
from dataclasses import dataclass

from mlops_kit.core.drift.profile import TableFormat


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table whose columns are called `c0`, `c1`, … in SQL, in the order of `names`.

    `source` is the SQL of a FROM clause that has them all. `types` are DuckDB's words where the file says them
    (Parquet); where it does not, all columns are text (CSV) or JSON.
    """

    format: TableFormat
    source: str
    names: tuple[str, ...]
    types: tuple[str, ...] = ()
    delimiter: str = ""
    encoding: str = ""

    def numbers(self, wanted: Collection[str] | None) -> tuple[int, ...]:
        """The places of the wanted columns, all where none are named."""
        chosen = None if wanted is None else frozenset(wanted)
        return tuple(number for number, name in enumerate(self.names) if chosen is None or name in chosen)


def literal(text: str) -> str:
    """A text as SQL: for the kit's own paths, delimiters and JSON paths; NUL never gets here."""
    return "'" + text.replace("'", "''") + "'"
