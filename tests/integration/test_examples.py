"""The example pipeline: what a user would write, the same bytes each time, and the same lock as DVC's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mlops_kit.adapters.examples import copy_example, find_example
from mlops_kit.core.errors import InputError

BIN = Path(sys.executable).parent
OUTSIDE = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}


def run_in(folder: Path, *words: str) -> str:
    environment = OUTSIDE | {"PATH": f"{BIN}{os.pathsep}{OUTSIDE['PATH']}", "HOME": str(folder.parent)}
    environment |= {"DVC_NO_ANALYTICS": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    copy_example("breast-cancer", folder)
    run_in(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run_in(folder, "git", "add", ".")
    run_in(folder, "git", "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "Start")
    return folder


def forget(project: Path) -> None:
    """Remove all that a run left: outputs, cache, lock."""
    for name in ("data", "models", "reports", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(project / name)
    (project / "dvc.lock").unlink()


def test_dvc_and_the_kit_write_the_same_lock_from_nothing(project: Path) -> None:
    run_in(project, "dvc", "repro", "--quiet")
    by_dvc = (project / "dvc.lock").read_bytes()
    forget(project)
    run_in(project, "mlops-kit", "reproduce")
    assert (project / "dvc.lock").read_bytes() == by_dvc
    assert "up to date" in run_in(project, "dvc", "status")


def test_the_example_has_what_a_report_can_show(project: Path) -> None:
    pipeline = yaml.safe_load((project / "dvc.yaml").read_text())
    stages = pipeline["stages"]
    trainers = [name for name in stages if stages[name]["deps"] == ["data/train.csv", "src/train.py"]]
    assert len(stages) >= 6
    assert len(trainers) == 3
    assert pipeline["plots"]
    (model,) = pipeline["artifacts"].values()
    assert model["type"] == "model"
    assert model["desc"]
    assert model["labels"]
    goals = {policy["goal"] for policy in yaml.safe_load((project / "mlops.yaml").read_text())["metrics"].values()}
    assert goals == {"maximize", "minimize"}


def test_a_copy_leaves_behind_what_a_run_made(tmp_path: Path) -> None:
    copy_example("breast-cancer", tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        ".dvc", ".dvcignore", ".gitignore", "README.md", "dvc.yaml", "mlops.yaml", "params.yaml", "requirements.txt",
        "src",
    ]  # fmt: skip
    assert (tmp_path / "copy" / ".dvc" / "config").is_file()


def test_an_example_that_is_not_there_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no example 'nothing'"):
        find_example("nothing")
