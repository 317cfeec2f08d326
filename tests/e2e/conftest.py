"""One prepared kit and one consumer per session; each test works on its own copy."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.act import TOKEN, Stage
from tests.e2e.consumer import Consumer, build
from tests.e2e.prepare import copy_kit
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Consumer:
    return build(tmp_path_factory.mktemp("template") / "work")


@pytest.fixture(scope="session")
def prepared_kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_kit(tmp_path_factory.mktemp("kit") / "mlops-kit")


@pytest.fixture
def consumer(template: Consumer, tmp_path: Path) -> Consumer:
    folder = tmp_path / "work"
    shutil.copytree(template.clone.parent, folder, symlinks=True)
    copy = replace(
        template, clone=folder / "churn", origin=folder / "origin.git", registry=folder / "mlflow.db",
        variables={**template.variables, "HOME": str(folder / "home")},
    )  # fmt: skip
    copy.git("remote", "set-url", "origin", str(copy.origin))
    return copy


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    fake.accounts[TOKEN] = Account(login="github-actions[bot]")
    with fake.serve():
        yield fake


@pytest.fixture
def stage(consumer: Consumer, prepared_kit: Path, github: FakeGitHub, tmp_path: Path) -> Stage:
    return Stage(consumer=consumer, kit=prepared_kit, api_url=github.url, folder=tmp_path)
