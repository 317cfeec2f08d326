"""`reproduce --push`: what another machine needs is in the remote, of every kind of output and pipeline file."""

from pathlib import Path

import pytest

from mlops_kit.core.run import StageState
from tests.integration.dvc_project import Project, make_project
from tests.integration.remote_project import folder_remote, make_remote_project, ran, with_remote

KINDS = """
stages:
  measure:
    cmd: echo >> measure.log; mkdir -p seen/sub; cat in > seen/one; echo 2 > seen/sub/two; echo 1 > n.json
    deps: [in]
    plots: [seen: {cache: false}]
    metrics: [n.json: {cache: false}]
"""
BELOW = """
stages:
  below:
    cmd: echo >> below.log; cat ../in > out; wc -c < out > size.json
    deps: [../in]
    outs: [out]
    metrics: [size.json: {cache: false}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {"in": "some", "dvc.yaml": KINDS, "sub/dvc.yaml": BELOW, ".gitignore": "*.log\n"}
    project = make_project(tmp_path / "project", files, site=tmp_path / "site")
    project.write({".dvc/config": with_remote(project, folder_remote(tmp_path / "store"))})
    project.commit()
    return project


def test_uncached_folders_and_files_of_every_pipeline_restore_another_machine(project: Project, tmp_path: Path) -> None:
    assert project.run_kit(every_pipeline=True, push=True).unsent is None
    clone = project.clone(tmp_path / "clone")
    done = clone.run_kit(every_pipeline=True, pull=True)
    assert {stage.state for stage in done.stages} == {StageState.RESTORED}
    assert (clone.read("seen/sub/two"), clone.read("sub/size.json"), clone.read("n.json")) == ("2\n", "4\n", "1\n")
    assert (ran(clone), ran(clone, "sub")) == (set(), set())
    assert not clone.status()


def test_a_legacy_cache_travels_too(project: Project, tmp_path: Path) -> None:
    """What DVC 2 noted: no `hash:` in the lock, objects in the old place."""
    project.run_kit("measure", "sub/dvc.yaml")
    for lock in ("dvc.lock", "sub/dvc.lock"):
        project.write({lock: project.read(lock).replace("      hash: md5\n", "")})
    for old in (project.root / ".dvc/cache/files/md5").glob("*/*"):
        place = project.root / ".dvc/cache" / old.parent.name / old.name
        place.parent.mkdir(exist_ok=True)
        old.rename(place)
    assert project.run_kit(every_pipeline=True, push=True).unsent is None
    project.commit()
    clone = project.clone(tmp_path / "clone")
    clone.write({"sub/dvc.yaml": BELOW + "  more:\n    cmd: cat out > more\n    deps: [out]\n    outs: [more]\n"})
    done = clone.run_kit(every_pipeline=True, pull=True)
    assert clone.states(done) == "measure=cached sub/dvc.yaml:below=restored sub/dvc.yaml:more=ran"
    assert (ran(clone), ran(clone, "sub")) == (set(), set())


def test_a_stage_without_a_lock_and_without_inputs_runs_although_nothing_says_that_it_changed(
    project: Project,
) -> None:
    project.write({"sub/dvc.yaml": "stages: {alone: {cmd: echo 1 > alone, outs: [alone]}}"})
    assert "sub/dvc.yaml:alone=ran" in project.states(project.run_kit("sub/dvc.yaml", pull=True))


def test_pull_without_a_remote_does_what_it_can(project: Project) -> None:
    project.write({".dvc/config": project.read(".dvc/config").replace("remote = store", "")})
    assert not project.run_kit(every_pipeline=True, pull=True).failed


def test_what_a_clone_left_in_the_remote_does_not_keep_it_from_sending_its_own(tmp_path: Path) -> None:
    origin = make_remote_project(tmp_path, folder_remote(tmp_path / "store"))
    clone = origin.clone(tmp_path / "clone")
    clone.write({"params.yaml": "lr: 2\n"})
    assert clone.run_kit(pull=True, push=True).unsent is None
    clone.commit()
    third = clone.clone(tmp_path / "third")
    third.write({"dvc.yaml": third.read("dvc.yaml").replace("cat model side.bin", "cat side.bin model")})
    assert "evaluate=ran" in third.states(third.run_kit(pull=True))
    assert third.read("model") == "firstsecondlr: 2\n"


@pytest.mark.parametrize("kind", ["file", "repository"])
def test_imported_data_is_fetched_where_a_stage_needs_it(tmp_path: Path, kind: str) -> None:
    copy = "stages: {copy: {cmd: cat in > out, deps: [in], outs: [out]}}"
    project = make_project(tmp_path / "project", {"dvc.yaml": copy}, site=tmp_path / "site")
    project.write({".dvc/config": with_remote(project, folder_remote(tmp_path / "store"))})
    with project.opened() as repo:
        if kind == "file":
            (tmp_path / "source").write_text("more")
            repo.imp_url(str(tmp_path / "source"), "in")
        else:
            origin = make_remote_project(tmp_path / "origin", folder_remote(tmp_path / "origin-store"))
            repo.imp(str(origin.root), "extra", "in")
    assert project.run_kit(push=True).unsent is None
    project.commit()
    clone = project.clone(tmp_path / "clone")
    clone.write({"dvc.yaml": copy.replace("cat in", "cat -n in")})
    assert clone.states(clone.run_kit(pull=True)) == "copy=ran in.dvc=restored"
    assert clone.read("in") == "more"
