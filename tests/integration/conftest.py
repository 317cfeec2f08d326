"""Servers that several files of tests work with."""

from collections.abc import Iterator

import pytest

from tests.fakes.github import FakeGitHub
from tests.fakes.mlflow_proxy import MlflowProxy
from tests.integration.desk import serve_github


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_github() as fake:
        yield fake


@pytest.fixture(scope="session")
def server(mlflow_address: str) -> str:
    """The address of a real MLflow."""
    return mlflow_address


@pytest.fixture
def proxy(server: str) -> Iterator[MlflowProxy]:
    """A way to it that counts, and fails on demand."""
    with MlflowProxy(server).serve() as found:
        yield found
