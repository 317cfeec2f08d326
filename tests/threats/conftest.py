"""What the tests of threats share with those of bad input and of comments: a repository to spoil."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input.project import Project
from tests.fakes.github import FakeGitHub
from tests.integration.desk import Desk, make_desk, serve_github


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_github() as fake:
        yield fake


@pytest.fixture
def desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    return make_desk(github, tmp_path)
