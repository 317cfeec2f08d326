"""Every fault test runs with a secret in its environment, and must not let it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.mlflow_server import running_server
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
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """MLflow on SQLite with two workers, once for all suites: it takes seconds to start."""
    folder = tmp_path_factory.mktemp("mlflow-server")
    with running_server(folder, workers=2) as address, WatchedProxy(address).serve() as proxy:
        yield MlflowServer(address=address, folder=folder, proxy=proxy)
