"""Each scenario has its own copies of all but the MLflow, and its golden file is compared at the end."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.act import Stage
from tests.e2e.scenarios import golden
from tests.e2e.scenarios.job_tokens import make_environment
from tests.e2e.scenarios.mlflow import Registry
from tests.e2e.scenarios.scene import PASSWORD, Scene
from tests.fakes.github import FakeGitHub
from tests.fakes.mlflow_proxy import MlflowProxy


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environment") / "kit")


@pytest.fixture
def scene(
    stage: Stage, github: FakeGitHub, mlflow_address: str, environment: Path, request: pytest.FixtureRequest
) -> Iterator[Scene]:
    failed = request.session.testsfailed
    with MlflowProxy(mlflow_address).serve() as proxy:
        registry = Registry(direct=mlflow_address, address=proxy.url)
        registry.clear()
        secrets = {"MLFLOW_TRACKING_URI": proxy.url, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
        told = replace(stage, secrets=secrets, environment=environment, options=("--insecure-secrets",))
        scene = Scene(stage=told, github=github, registry=registry, proxy=proxy)
        yield scene
        shutil.rmtree(told.folder / "home" / ".cache", ignore_errors=True)
        if request.session.testsfailed == failed:
            assert scene.leaks() == []
            golden.compare(request.node.name.removeprefix("test_"), scene.record(), told.folder)
