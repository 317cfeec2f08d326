"""A real `mlflow server` on a free port of loopback, for as long as a test needs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

START_SECONDS = 120.0


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """The address of a server with an SQLite back end in `folder`; its processes are gone afterwards."""
    address = f"http://127.0.0.1:{_free_port()}"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*_words(folder), "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1]],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_up(address, process, folder)
            yield address
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _words(folder: Path) -> list[str]:
    database = f"sqlite:///{folder / 'server.db'}"
    storage = str(folder / "storage")
    return [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--backend-store-uri", database, "--artifacts-destination", storage),
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
