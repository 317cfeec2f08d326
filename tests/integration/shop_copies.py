"""Shops with a past: each kind is filled once per process, and copied for every test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_kit.adapters.mlflow.session import DATABASE_FILE
from tests.contract.mlflow_database import move_places, place_empty_database
from tests.faults.stage import git
from tests.integration.test_promotion_verbs import Shop, enter_shop, open_shop


@pytest.fixture
def copy_shop(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[Callable[[Shop], None]], Shop]:
    """Open a copy, below the test's folder, of the shop that this function fills."""

    def copy(fill: Callable[[Shop], None]) -> Shop:
        template = tmp_path_factory.getbasetemp() / f"{fill.__module__}.{fill.__name__}"
        if not template.exists():
            template.mkdir()
            shop = open_shop(template, monkeypatch, capsys)
            place_empty_database(shop.clone / DATABASE_FILE)
            fill(shop)
        shutil.copytree(template, tmp_path, symlinks=True, dirs_exist_ok=True)
        git(tmp_path / "work", "remote", "set-url", "origin", str(tmp_path / "origin.git"))
        move_places(tmp_path / "work" / DATABASE_FILE, old=template, new=tmp_path)
        return enter_shop(tmp_path, monkeypatch, capsys)

    return copy
