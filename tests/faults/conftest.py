"""Every fault test runs with a secret in its environment, and must not let it out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
