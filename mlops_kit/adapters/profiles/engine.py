"""DuckDB, shut in: bounded memory, no network, no extension that is not built in, no file but the data's own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mlops_kit import DISTRIBUTION
from mlops_kit.adapters.profiles.relation import literal
from mlops_kit.adapters.scratch import scratch_folder
from mlops_kit.core.drift.profile import DataFile, DataSet
from mlops_kit.core.errors import InputError, Location, OutsideError

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_REASONS = {
    "invalid unicode": ("is not UTF-8", "write all of the data in one encoding, best UTF-8"),
    "unterminated quote": ("a quote is opened and never closed", ""),
    "invalid state": ("the line ends or quotes of the file are mixed", "write it with one kind of line end"),
    "maximum line size": ("a row has more than 2 MB", ""),
    "unexpected end of gzip": ("the gzip file is cut short", "fetch or write the file again"),
}
_FIELDS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What DuckDB may take."""

    memory_mib: int = 1024
    threads: int = 2


class Database:
    """A connection, and the links through which it sees the files; `name` is the data's, for messages."""

    def __init__(self, name: str, duckdb: ModuleType, connection: Any, links: Mapping[DataFile, Path]) -> None:  # noqa: ANN401 - DuckDB has no types here
        self.name = name
        self._errors: type[Exception] = duckdb.Error
        self._memory: type[Exception] = duckdb.OutOfMemoryException
        self._ours: tuple[type[Exception], ...] = (
            duckdb.ParserException,
            duckdb.BinderException,
            duckdb.CatalogException,
        )
        self._connection = connection
        self._links = links

    def path(self, file: DataFile) -> str:
        """Where DuckDB finds a file, as SQL."""
        return literal(str(self._links[file]))

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer; InputError where the data is what is wrong."""
        try:
            answer: list[tuple[Any, ...]] = self._connection.execute(query, list(values)).fetchall()
        except self._errors as error:
            raise self._explain(error) from error
        return answer

    def row(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
        """The only row of an answer."""
        return self.rows(query, values)[0]

    def arrays(self, query: str) -> Mapping[str, Any]:
        """An answer as one numpy array for each column."""
        try:
            found: Mapping[str, Any] = self._connection.execute(query).fetchnumpy()
        except self._errors as error:
            raise self._explain(error) from error
        return found

    def _explain(self, error: Exception) -> Exception:
        """What is wrong with the data; a query that DuckDB does not understand is a bug of ours, and stays one."""
        text = str(error)
        if isinstance(error, self._ours):
            return error
        if isinstance(error, self._memory):
            return OutsideError("the data needs more memory or temporary space than there is", hint="free some of it")
        message, hint = _reason(text)
        line = _LINE.search(text)
        return InputError(
            message, hint=hint, location=Location(file=self._culprit(text), line=int(line[1]) if line else 0)
        )

    def _culprit(self, text: str) -> str:
        return next((file.name for file, link in self._links.items() if str(link) in text), self.name)


@contextmanager
def open_database(data: DataSet, limits: Limits) -> Iterator[Database]:
    """DuckDB with sight of these files and of a scratch folder that is gone afterwards."""
    duckdb = import_duckdb()
    with scratch_folder() as folder:
        (folder / "spill").mkdir()
        links = {file: _link(folder, number, file) for number, file in enumerate(data.files)}
        connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
        try:
            for setting in _settings(folder, links, limits):
                connection.execute(f"SET {setting}")
            yield Database(data.name, duckdb, connection, links)
        finally:
            connection.close()


def import_duckdb() -> ModuleType:
    """DuckDB; InputError where it is not installed."""
    try:
        import duckdb
    except ImportError as error:
        raise InputError("reading data needs duckdb", hint=f'pip install "{DISTRIBUTION}[drift]"') from error
    module: ModuleType = duckdb
    return module


def _link(folder: Path, number: int, file: DataFile) -> Path:
    """DuckDB takes `*` in a path for a pattern and a scheme for a server: it sees names of the kit's own only."""
    link = folder / f"file-{number}.data"
    link.symlink_to(file.place.absolute())
    return link


def _settings(folder: Path, links: Mapping[DataFile, Path], limits: Limits) -> tuple[str, ...]:
    allowed = [*links.values(), *(link.resolve() for link in links.values())]
    return (
        f"memory_limit = '{limits.memory_mib} MiB'",
        f"threads = {limits.threads}",
        f"temp_directory = {literal(str(folder / 'spill'))}",
        "preserve_insertion_order = true",
        "enable_progress_bar = false",
        "TimeZone = 'UTC'",
        "autoload_known_extensions = false",
        f"allowed_paths = [{', '.join(literal(str(path)) for path in allowed)}]",
        "enable_external_access = false",
        "lock_configuration = true",
    )


def _reason(text: str) -> tuple[str, str]:
    if fields := _FIELDS.search(text):
        return f"{fields[2]} fields where the header has {fields[1]}", "quote values that contain the delimiter"
    lower = text.lower()
    for mark, reason in _REASONS.items():
        if mark in lower:
            return reason
    first = re.sub(r"\S*/mlops-kit-\S*", "the file", text.strip().partition("\n")[0])
    return f"cannot be read: {first[:300]}", "see whether the file is whole"
