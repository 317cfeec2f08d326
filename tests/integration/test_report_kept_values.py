"""Values that DVC keeps, read by digest from its cache, else by one call of the remote; files that are not followed."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from mlops_kit.adapters.dvc.objects import DvcObjects
from mlops_kit.adapters.git import GitRepository
from mlops_kit.adapters.promotion_log import GitPromotionLog
from mlops_kit.adapters.workspace import WorkTree
from mlops_kit.commands.report import Sources, make_report
from mlops_kit.commands.sides import Question
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.review.report import Report
from mlops_kit.core.types import CommitSha, ResolvedValues
from tests.integration.dvc_project import Project, make_project
from tests.integration.remote_project import folder_remote, with_remote

PIPELINE = f"""
stages:
  t:
    cmd: {sys.executable} make.py
    deps: [make.py]
    metrics: [m.json, n.yaml, o.toml]
    outs: [folder, made.yaml]
metrics: [folder/in/inner.json, folder/more]
params: [made.yaml]
"""
MAKE = """
import os, pathlib
files = {"m.json": '{"x": VALUE}', "n.yaml": "x: VALUE", "o.toml": "x = VALUE", "made.yaml": "p: VALUE",
         "folder/in/inner.json": '{"x": VALUE}', "folder/more/a.json": '{"x": VALUE}', "folder/other": "VALUE"}
for name, text in files.items():
    pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(name).write_text(text)
"""
EVERYTHING = {"folder/in/inner.json", "folder/more/a.json", "m.json", "n.yaml", "o.toml"}


class NoDvc:
    """A resolver that must not be asked."""

    def read_values(self, root: str, commit: CommitSha | None) -> ResolvedValues:
        raise OutsideError(f"DVC was asked for {root!r} at {commit}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two commits whose metrics DVC keeps, pushed to a folder; nothing of them lies here."""
    made = make_project(tmp_path / "project", {"dvc.yaml": PIPELINE}, site=tmp_path / "site")
    made.write({".dvc/config": with_remote(made, folder_remote(tmp_path / "store"))})
    for value in ("1", "2"):
        made.write({"make.py": MAKE.replace("VALUE", value)})
        made.run_dvc()
        made.commit()
        with made.opened() as repo:
            repo.push()
    forget(made)
    return made


def forget(project: Project) -> None:
    """Remove the cache and what it filled."""
    project.git("clean", "-fdxq", "-e", ".dvc/config")
    shutil.rmtree(project.root / ".dvc/cache", ignore_errors=True)


def report_on(project: Project, head: str = "HEAD", base: str = "HEAD^", *, timeout_seconds: float = 60) -> Report:
    git = GitRepository(project.root, os.environ)
    sources = Sources(
        git=git,
        work_tree=WorkTree(git),
        resolver=NoDvc(),
        log=GitPromotionLog(git),
        objects=DvcObjects(git.root, os.environ, timeout_seconds=timeout_seconds),
    )
    return make_report(Question(base=base, head=head), sources)


def values(report: Report) -> dict[str, tuple[object, object]]:
    return {row.path: (row.old, row.new) for row in report.metrics}


def test_both_sides_come_from_the_remote_without_dvc(project: Project) -> None:
    report = report_on(project)
    assert values(report) == dict.fromkeys(EVERYTHING, (1, 2))
    assert [(row.path, row.old, row.new) for row in report.params] == [("made.yaml", 1, 2)]
    assert not any("cannot be read" in note for note in report.notes)


def test_only_what_is_read_is_fetched(project: Project) -> None:
    report_on(project)
    texts = {path.read_text() for path in (project.root / ".dvc/cache").rglob("*") if path.is_file()}
    assert {"1", "2"} & texts == set(), "the file beside the metrics stays away"


def test_once_in_the_cache_nobody_is_asked(project: Project) -> None:
    report_on(project)
    shutil.rmtree(project.root.parent / "store")
    assert values(report_on(project, timeout_seconds=0.001)) == dict.fromkeys(EVERYTHING, (1, 2))


def test_a_work_tree_that_is_linked_into_the_cache_is_read_by_digest(project: Project) -> None:
    with project.opened() as repo:
        repo.pull()
        with repo.config.edit("local") as config:
            config["cache"] = {"type": "symlink"}
    with project.opened() as repo:
        repo.checkout(relink=True)
    assert (project.root / "m.json").is_symlink()
    assert values(report_on(project, head="")) == dict.fromkeys(EVERYTHING, (1, 2))


def test_a_link_in_the_place_of_a_kept_file_is_not_followed(project: Project) -> None:
    with project.opened() as repo:
        repo.pull()
    secret = project.root.parent / "secret.json"
    secret.write_text('{"x": 666}')
    (project.root / "m.json").unlink()
    (project.root / "m.json").symlink_to(secret)
    assert values(report_on(project, head=""))["m.json"] == (1, 2)


def test_damaged_bytes_are_unreadable_and_not_asked_of_dvc(project: Project) -> None:
    report_on(project)
    for path in (project.root / ".dvc/cache").rglob("*"):
        if path.is_file() and path.read_text() == '{"x": 2}':
            path.chmod(0o644)
            path.write_text('{"x": 3}')
    report = report_on(project)
    assert {row.path for row in report.metrics if row.trend == "unreadable"} == {
        "folder/in/inner.json",
        "folder/more/a.json",
        "m.json",
    }
    assert any("m.json cannot be read in head: its bytes in the DVC cache are damaged" in note for note in report.notes)


def test_a_remote_that_fails_is_named_for_each_file(project: Project) -> None:
    text = project.read(".dvc/config").partition("    url =")[0]
    project.write({".dvc/config": f"{text}    url = s3://no-such-bucket/x\n    endpointurl = http://127.0.0.1:9\n"})
    found = report_on(project)
    for side in ("base", "head"):
        assert any(f"m.json cannot be read in {side}: the DVC remote failed" in note for note in found.notes)


def test_what_is_nowhere_is_asked_of_dvc_and_then_named(project: Project) -> None:
    shutil.rmtree(project.root.parent / "store")
    (project.root.parent / "store").mkdir()
    report = report_on(project)
    assert any("m.json cannot be read in head: its bytes are neither in the DVC cache here" in n for n in report.notes)
    assert any("DVC was asked for ''" in note for note in report.notes)


LISTED = "metrics: [m.json, link.json, there/m.json, module/m.json, ../out.json, /etc/m.json, 's3://b/m.json']\n"


def test_links_submodules_pointers_and_paths_outside_are_named_and_never_followed(tmp_path: Path) -> None:
    other = make_project(tmp_path / "other", {"m.json": '{"x": 666}'}, site=tmp_path / "site")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 10\n"
    project = make_project(tmp_path / "p", {"dvc.yaml": LISTED, "m.json": pointer}, site=tmp_path / "site")
    (project.root / "link.json").symlink_to(tmp_path / "out.json")
    (project.root / "there").symlink_to(other.root)
    (tmp_path / "out.json").write_text('{"x": 666}')
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "module")
    project.commit()
    report = report_on(project)
    assert "666" not in json.dumps([(row.path, row.old, row.new) for row in report.metrics])
    expected = {
        "m.json": "is a Git LFS pointer, and its bytes are not in git (git lfs pull brings them)",
        "link.json": "is a symbolic link, which is not followed",
        "there/m.json": "lies in there, a symbolic link, which is not followed",
        "module/m.json": "lies in module, a submodule, which is not followed",
        "../out.json": "lies outside of the repository, and is not read",
        "/etc/m.json": "lies outside of the repository, and is not read",
        "s3://b/m.json": "lies outside of the repository, and is not read",
    }
    for path, why in expected.items():
        assert f"{path} cannot be read in head: {why}" in report.notes


def test_a_submodule_is_not_entered_in_the_work_tree_either(tmp_path: Path) -> None:
    other = make_project(tmp_path / "other", {"m.json": '{"x": 666}'}, site=tmp_path / "site")
    project = make_project(tmp_path / "p", {"dvc.yaml": "metrics: [module/m.json]\n"}, site=tmp_path / "site")
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "module")
    report = report_on(project, head="", base="HEAD")
    assert "module/m.json cannot be read in head: lies in module, a submodule, which is not followed" in report.notes
