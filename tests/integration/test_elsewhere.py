"""Stages in clones of the commit, with only the DVC remote between them: the result is DVC's own, without data here."""

import shutil
from pathlib import Path

import pytest

from mlops_kit.core.run import StageState
from tests.integration.dvc_project import Project, make_project
from tests.integration.inline_engine import add_remote, run_elsewhere
from tests.integration.scenarios import SCENARIOS

ELSEWHERE_OTHERWISE = {
    "data added by hand": "data that is not pushed",
    "a folder that was added by hand": "data that is not pushed",
    "a .dvc file of DVC 2": "data that is not pushed",
    "data imported from elsewhere": "an import that is not up to date is refused",
    "a frozen root": "data of a frozen stage that changed here is refused",
    "DVC without git inside of a git repository": "its configuration takes no remote after it",
    "a lost run-cache": "there is none here to lose",
    "a stage that rewrites dvc.yaml": "only what a stage declares comes back",
    "a stage that writes into another's output": "stages do not share a workspace",
}
"""Scenarios that do not end as in DVC, and why; what is refused has a test below."""

PARTS = """
stages:
  split:
    cmd: mkdir parts && cp in parts/a && echo same > parts/b
    deps: [in]
    outs: [parts]
  first:
    cmd: cat parts/a > first
    deps: [parts/a]
    outs: [first]
  second:
    cmd: cat first > second
    deps: [first]
    outs: [second]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = make_project(tmp_path / "p", {"dvc.yaml": PARTS, "in": "1"}, site=tmp_path / "site")
    add_remote(found, tmp_path / "remote")
    return found


def forget_data(project: Project, *paths: str) -> None:
    """As on a fresh runner: no cache, and nothing of what it held."""
    for path in (".dvc/cache", *paths):
        shutil.rmtree(project.root / path, ignore_errors=True)
        (project.root / path).unlink(missing_ok=True) if (project.root / path).is_file() else None


def failure(project: Project) -> str:
    """Why the run's first failed stage failed."""
    first = run_elsewhere(project).failed[0]
    return f"{first.name}: {first.message}"


@pytest.mark.parametrize("name", sorted(SCENARIOS.keys() - ELSEWHERE_OTHERWISE.keys()))
def test_the_workspace_is_what_dvc_leaves_once_it_is_pulled(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    theirs = make_project(tmp_path / "theirs" / "project", scenario.files, site=tmp_path / "site")
    ours = make_project(tmp_path / "ours" / "project", scenario.files, site=tmp_path / "site")
    add_remote(ours, tmp_path / "remote")
    for change in scenario.changes:
        change(theirs)
        change(ours)
        ours.git("add", "--all")
        ours.git("commit", "--quiet", "--allow-empty", "--message", "change")
        theirs.run_dvc(*scenario.targets, folder=scenario.folder, all_pipelines=scenario.everything)
        done = run_elsewhere(ours, *scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
        assert not done.failed
        with ours.opened() as repo:
            repo.pull(force=True, allow_missing=True)
        assert ours.picture() == theirs.picture()
    again = run_elsewhere(ours, *scenario.targets, folder=scenario.folder, every_pipeline=scenario.everything)
    assert {stage.name for stage in again.stages if stage.state is not StageState.CACHED} == set(scenario.always)


def test_changes_are_seen_where_no_data_is(project: Project) -> None:
    assert project.states(run_elsewhere(project)) == "first=ran second=ran split=ran"
    project.commit()
    assert not (project.root / "second").exists()
    assert project.states(run_elsewhere(project)) == "first=cached second=cached split=cached"
    project.write({"in": "2"})
    project.commit()
    assert project.states(run_elsewhere(project)) == "first=ran second=ran split=ran"


def test_an_old_output_that_lies_here_is_not_taken_for_the_new_one(project: Project) -> None:
    project.run_kit(push=True)
    project.commit()
    project.write({"in": "2"})
    project.commit()
    assert project.states(run_elsewhere(project)) == "first=ran second=ran split=ran"
    with project.opened() as repo:
        repo.pull()
    assert project.read("second") == "2"


def test_a_stage_whose_input_came_out_the_same_is_cached(project: Project) -> None:
    project.write({"dvc.yaml": PARTS.replace("cat parts/a > first", "echo const > first; cat parts/a > log")})
    project.commit()
    run_elsewhere(project)
    project.write({"in": "2"})
    project.commit()
    assert project.states(run_elsewhere(project)) == "first=ran second=cached split=ran"


def test_an_input_that_git_and_dvc_do_not_have_is_named(project: Project) -> None:
    project.write({".gitignore": "/in\n"})
    project.git("rm", "--quiet", "--cached", "in")
    project.commit()
    assert failure(project) == "split: dependency 'in' is neither in the commit nor in the DVC remote"


def test_data_that_was_not_pushed_is_named(project: Project) -> None:
    project.git("rm", "--quiet", "--cached", "in")
    with project.opened() as repo:
        repo.add(["in"])
    project.commit()
    assert failure(project) == "split: not in the DVC remote: 'in'"


def test_data_that_changed_here_only_is_refused(project: Project) -> None:
    project.git("rm", "--quiet", "--cached", "in")
    with project.opened() as repo:
        repo.add(["in"])
        repo.push()
    project.commit()
    (project.root / "in").unlink()
    project.write({"in": "changed"})
    assert failure(project).startswith("in.dvc: in.dvc is not up to date here")


def test_a_small_output_that_is_not_small_is_refused(project: Project) -> None:
    big = "stages:\n  big:\n    cmd: truncate -s 65M big\n    outs: [big: {cache: false}]\n"
    project.write({"dvc.yaml": big})
    project.commit()
    assert "has cache: false and more than 64 MiB" in failure(project)
    assert not (project.root / "big").exists()


def test_dvc_may_live_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    inner = {f"sub/{name}": text for name, text in {"dvc.yaml": PARTS, "in": "1", ".dvc/config": ""}.items()}
    outer = make_project(tmp_path / "p", {**inner, "sub/.dvc/.gitignore": "/tmp\n/cache\n"}, site=tmp_path / "site")
    project = Project(root=outer.root / "sub")
    add_remote(project, tmp_path / "remote")
    assert project.states(run_elsewhere(project)) == "first=ran second=ran split=ran"
    with project.opened() as repo:
        repo.pull()
    assert project.read("second") == "1"


def test_a_stage_has_its_time_and_no_more_here_and_elsewhere(project: Project) -> None:
    slow = "stages:\n  slow:\n    cmd: sleep 60\n    outs: [slow]\n    meta: {mlops: {timeout: 1s}}\n"
    project.write({"dvc.yaml": slow})
    project.commit()
    assert failure(project) == "slow: took longer than its timeout of 1 s"
    assert project.run_kit().failed[0].message == "took longer than its timeout of 1 s"
