"""A real `mlflow server` on a free port of loopback, for as long as a test needs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

START_SECONDS = 120.0
_NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""The server would start a dozen processes for jobs that nobody sends."""


@contextmanager
def running_server(folder: Path, *, database: str = "", workers: int = 1, store: str = "") -> Iterator[str]:
    """The address of a server whose processes are gone afterwards.

    `database` is its back end, by default SQLite in `folder`. `store` is where clients themselves keep artifacts, by
    default the server does.
    """
    address = f"http://127.0.0.1:{_free_port()}"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*_words(folder, database, workers, store), "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1]],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true", **_NO_JOBS},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_up(address, process, folder)
            yield address
        finally:
            with suppress(ProcessLookupError):  # it may have ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _words(folder: Path, database: str, workers: int, store: str) -> list[str]:
    kept = ["--no-serve-artifacts", "--default-artifact-root", store]
    return [
        *(sys.executable, "-m", "mlflow", "server", "--workers", str(workers)),
        *("--backend-store-uri", database or f"sqlite:///{folder / 'server.db'}"),
        *(kept if store else ["--artifacts-destination", str(folder / "storage")]),
    ]


def _wait_until_up(address: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"mlflow server did not start:\n{(folder / 'server.log').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
