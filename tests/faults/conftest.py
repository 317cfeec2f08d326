"""Every fault test runs with a secret in its environment, and must not let it out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.watched_proxy import WatchedProxy
from tests.faults.canary import SECRET, VARIABLES, Canary

AT_FULL_COUNT = frozenset(
    {
        "test_a_stage_of_a_killed_node_runs_again_on_another",
        "test_a_stage_that_no_node_is_left_for_fails_instead_of_waiting",
        "test_a_killed_driver_leaves_nothing_running_and_the_next_run_goes_on",
    }
)
"""Losses of a Ray cluster, each of which takes long; the small count plays the fourth."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of a run at the small count what cannot be made smaller."""
    if "MLOPS_KIT_FAULT_TRIALS" in os.environ:
        return
    left_out = [item for item in items if item.name in AT_FULL_COUNT]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.name not in AT_FULL_COUNT]


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
