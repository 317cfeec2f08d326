"""What every suite shares: a server of MLflow, the counts of random trials at the end, no clock in property tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.contract.mlflow_server import running_server
from tests.contract.postgres import running_postgres

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def mlflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server below keeps its database and its artifacts."""
    return tmp_path_factory.mktemp("mlflow-home")


@pytest.fixture(scope="session")
def mlflow_address(mlflow_home: Path) -> Iterator[str]:
    """A real MLflow of two workers, started once per process: what other tests left is in it too."""
    with running_server(mlflow_home, workers=2) as address:
        yield address


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same over PostgreSQL."""
    folder = tmp_path_factory.mktemp("mlflow-postgres")
    with running_postgres() as database, running_server(folder, database=database, workers=2) as address:
        yield address


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests noted with `record_property("trials", …)`, also from other processes."""
    told = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "trials"
    ]
    if told:
        terminalreporter.section("trials")
        for text in sorted(told):
            terminalreporter.write_line(text)
