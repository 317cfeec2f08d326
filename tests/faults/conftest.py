"""Every fault test runs with a secret in its environment, and must not let it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.watched_proxy import WatchedProxy
from tests.faults.canary import SECRET, VARIABLES, Canary


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Canary]:
    """The secret in the environment of the test and of what it starts; afterwards it is looked for."""
    for name in VARIABLES:
        monkeypatch.setenv(name, SECRET)
    watched = Canary(folder=tmp_path)
    yield watched
    watched.texts.extend(capfd.readouterr())
    assert watched.find() == []


@dataclass(frozen=True)
class MlflowServer:
    """A real server, and the proxy through which the kit speaks to it."""

    address: str
    folder: Path
    proxy: WatchedProxy


@pytest.fixture(scope="session")
def mlflow_server(mlflow_address: str, mlflow_home: Path) -> Iterator[MlflowServer]:
    """MLflow on SQLite with two workers, behind a proxy that is watched."""
    with WatchedProxy(mlflow_address).serve() as proxy:
        yield MlflowServer(address=mlflow_address, folder=mlflow_home, proxy=proxy)
