"""adapters/last_run.py against real files."""

from pathlib import Path

import pytest

from mlops_kit.adapters.last_run import RUN_FILE, read_last_run, write_last_run
from mlops_kit.core.run import StageResult, StageState
from mlops_kit.core.types import StageName

STAGES = (
    StageResult(name=StageName("train"), state=StageState.FAILED, seconds=1.5, message="exit status 3"),
    StageResult(name=StageName("sub/dvc.yaml:test@x"), state=StageState.SKIPPED),
    StageResult(name=StageName("raw/data.csv.dvc"), state=StageState.CACHED),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A DVC root with two lock files and the record of a run."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "dvc.lock").write_text("one")
    (tmp_path / "sub" / "dvc.lock").write_text("two")
    write_last_run(tmp_path, STAGES)
    return tmp_path


def test_the_last_run_is_read_back(root: Path) -> None:
    assert read_last_run(root) == STAGES


@pytest.mark.parametrize("lock", ["dvc.lock", "sub/dvc.lock"])
def test_a_run_of_other_locks_is_not_the_last_run_of_these(root: Path, lock: str) -> None:
    (root / lock).write_text("of another branch")
    assert read_last_run(root) == ()
    (root / lock).unlink()
    assert read_last_run(root) == ()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "locks": "", "stages": []}'])
def test_a_record_that_cannot_be_read_is_no_run(root: Path, text: str) -> None:
    (root / RUN_FILE).write_text(text)
    assert read_last_run(root) == ()


def test_without_a_record_there_was_no_run(tmp_path: Path) -> None:
    assert read_last_run(tmp_path) == ()
