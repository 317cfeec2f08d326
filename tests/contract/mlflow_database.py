"""MLflow's tables in SQLite: made once per process, which takes seconds, and copied from then on."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_kit.adapters.mlflow.session import DATABASE_FILE, MlflowSession


def place_empty_database(path: Path) -> None:
    """Put a database without models, runs and experiments at a path, as a new MLflow makes it there."""
    shutil.copyfile(Path(_template().name, DATABASE_FILE), path)


def move_places(path: Path, *, old: Path, new: Path) -> None:
    """Have a database that was copied along with its folder name the new folder wherever it names the old one."""
    with closing(sqlite3.connect(path)) as database, database:
        for table, column in list(_texts(database)):
            database.execute(
                f'update "{table}" set "{column}" = replace("{column}", ?, ?) where instr("{column}", ?)',  # noqa: S608
                (str(old), str(new), str(old)),
            )


@cache
def _template() -> "TemporaryDirectory[str]":
    """The folder of the empty database; it is gone when the process ends."""
    folder = TemporaryDirectory(prefix="mlflow-tables-")
    root = Path(folder.name)
    assert MlflowSession("", root).client.search_registered_models() == []
    with closing(sqlite3.connect(root / DATABASE_FILE)) as database, database:
        database.execute("delete from experiments")  # the default one says where this folder is
    return folder


def _texts(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
        for _, column, kind, *_ in database.execute(f'pragma table_info("{table}")'):
            if kind.startswith(("VARCHAR", "TEXT")):
                yield table, column
