"""Servers that several files of tests work with."""

from collections.abc import Iterator

import pytest

from tests.contract.mlflow_server import running_server
from tests.fakes.github import FakeGitHub
from tests.fakes.mlflow_proxy import MlflowProxy
from tests.integration.desk import serve_github


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_github() as fake:
        yield fake


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MLflow."""
    with running_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def proxy(server: str) -> Iterator[MlflowProxy]:
    """A way to it that counts, and fails on demand."""
    with MlflowProxy(server).serve() as found:
        yield found
