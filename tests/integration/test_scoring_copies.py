"""Copies of the work tree to score in: what they hold, what they refuse, and that nothing of them stays."""

import os
import subprocess
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.scoring_copies import WorkTreeCopies
from mlops_kit.adapters.workspace import WorkTree
from mlops_kit.core.errors import InputError, IntegrityError, OutsideError
from mlops_kit.core.ports.scoring import Placed
from mlops_kit.core.types import Digest

FILE, FOLDER = Digest(algorithm="md5", value="a" * 32), Digest(algorithm="md5", value=f"{'b' * 32}.dir")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    files = {".dvc/config": "", ".gitignore": "ignored\n.dvc/tmp\n", "src/a b.py": "1", "model/old": "old", "run": "#!"}
    for path, text in {**files, "ignored": "x", "new": "not added"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("/etc/hostname")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", ".gitignore", "src", "model", "run", "link"], cwd=root, check=True)
    return root


def copies(root: Path) -> WorkTreeCopies:
    git = GitRepository(root, {"PATH": os.environ["PATH"], "HOME": str(root)})
    return WorkTreeCopies(root, WorkTree(git))


def contents(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def test_a_copy_has_what_git_would_take_and_bytes_in_the_place_of_others(root: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    placed = (
        Placed(path="model", digest=FOLDER, files={"x": tmp_path / "one", "sub/y": tmp_path / "two"}),
        Placed(path="data/eval.csv", digest=FILE, files={"eval.csv": tmp_path / "one"}),
    )
    with copies(root).lay_out(placed) as folder:
        found = contents(folder)
        assert os.access(folder / "run", os.X_OK)
        (folder / "run").write_text("changed")
        (folder / "written").write_text("here")
    assert {path: text for path, text in found.items() if not path.startswith(".")} == {
        "src/a b.py": "1", "run": "#!", "new": "not added", "model/x": "one", "model/sub/y": "two",
        "data/eval.csv": "one",
    }  # fmt: skip
    assert not folder.exists()
    assert (root / "run").read_text() == "#!"
    assert not (root / "written").exists()


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "/tmp/outside"])
def test_nothing_is_put_outside_of_a_copy(root: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "one").write_text("one")
    placed = Placed(path=path, digest=FILE, files={"one": tmp_path / "one"})
    with pytest.raises(IntegrityError, match="leaves the repository"), copies(root).lay_out([placed]):
        pass
    assert not (root / ".dvc/tmp/outside").exists()
    assert list((root / ".dvc/tmp/mlops-kit").iterdir()) == []


def test_what_was_written_is_read_without_following_links_up_to_a_size(root: Path) -> None:
    with copies(root).lay_out(()) as folder:
        (folder / "m.json").write_text("{}")
        (folder / "far").symlink_to("/etc/hostname")
        assert copies(root).read(folder, ["m.json", "none"], limit=10) == {"m.json": b"{}"}
        with pytest.raises(IntegrityError, match="symbolic link"):
            copies(root).read(folder, ["far"], limit=10)
        with pytest.raises(InputError, match="larger than"):
            copies(root).read(folder, ["m.json"], limit=1)


def test_bytes_that_are_gone_and_a_failure_meanwhile_leave_nothing(root: Path, tmp_path: Path) -> None:
    lost = Placed(path="model.pkl", digest=FILE, files={"model.pkl": tmp_path / "lost"})
    with pytest.raises(OutsideError, match="cannot copy the work tree"), copies(root).lay_out([lost]):
        pass
    with pytest.raises(RuntimeError), copies(root).lay_out(()):
        raise RuntimeError
    assert list((root / ".dvc/tmp/mlops-kit").iterdir()) == []
