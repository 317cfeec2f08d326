"""A commit that crosses to another machine, with real git."""

import os
import subprocess
from pathlib import Path

import pytest

from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.snapshot import lay_out_snapshot, require_committed, take_snapshot
from mlops_kit.core.errors import InputError
from tests.integration.dvc_project import Project, make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", {"code/run.sh": "#!/bin/sh\n", "über.txt": "1"}, site=tmp_path / "site")


def open_git(root: Path) -> GitRepository:
    return GitRepository(root, os.environ)


def lay_out(root: Path, folder: Path) -> GitRepository:
    folder.mkdir()
    lay_out_snapshot(take_snapshot(open_git(root)), folder, os.environ)
    return open_git(folder)


def test_the_other_side_has_the_commit_and_its_files_and_nothing_else(project: Project, tmp_path: Path) -> None:
    (project.root / "code/run.sh").chmod(0o755)
    (project.root / "link").symlink_to("code")
    project.commit()
    project.write({"untracked": "x"})
    clone = lay_out(project.root, tmp_path / "clone")
    assert clone.resolve("HEAD") == open_git(project.root).resolve("HEAD")
    assert clone.expect("status", "--porcelain").text == ""
    assert clone.expect("ls-files").text == project.git("ls-files").rstrip("\n")
    assert os.access(clone.root / "code/run.sh", os.X_OK)
    assert (clone.root / "link").readlink() == Path("code")
    assert clone.expect("log", "--format=%s").text == "state"


def test_a_shallow_clone_can_be_taken(project: Project, tmp_path: Path) -> None:
    project.write({"more": "x"})
    project.commit()
    shallow = tmp_path / "shallow"
    words = ["git", "clone", "--quiet", "--depth", "1", project.root.as_uri(), str(shallow)]
    subprocess.run(words, check=True, timeout=60)
    assert lay_out(shallow, tmp_path / "clone").expect("status", "--porcelain").text == ""


def test_what_differs_from_the_commit_is_named(project: Project) -> None:
    project.write({"code/run.sh": "changed", "new": "x"})
    project.git("add", "new")
    with pytest.raises(InputError, match=r"not committed: code/run\.sh, new; stages on other machines run the commit"):
        require_committed(open_git(project.root), ())


def test_what_a_run_writes_itself_may_differ(project: Project) -> None:
    project.write({"sub/dvc.lock": "", ".gitignore": "", "out/metrics.json": "", "scores": ""})
    project.commit()
    project.write({"sub/dvc.lock": "1", ".gitignore": "1", "out/metrics.json": "1", "scores": "1"})
    require_committed(open_git(project.root), ("out", "scores"))


def test_many_changes_are_counted(project: Project) -> None:
    project.write({f"f{number}": "" for number in range(9)})
    project.git("add", "--all")
    with pytest.raises(InputError, match="f0, f1, f2, f3, f4 and 4 more"):
        require_committed(open_git(project.root), ())
