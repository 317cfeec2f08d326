"""One test for each construct that public repositories use and that breaks a naive reader, numbered as the research is.

What can be compared with DVC is a scenario, run by DVC and by the kit; here stand their numbers, and what is left.
The numbers 19 to 25 are answers of DVC's diffs: see test_wild_answers.py.
"""

import shutil
from pathlib import Path

import pytest
from dvc.exceptions import ReproductionError

from mlops_kit.core.errors import InputError, KitError
from tests.integration.dvc_project import Project, make_project
from tests.integration.scenario import importing
from tests.integration.scenarios import SCENARIOS
from tests.integration.scenarios_roots import COPY
from tests.integration.test_reproduce_command_line import run

CONSTRUCTS = {
    1: ("folders around and paths inside outputs", "paths above the pipeline's folder"),
    2: ("a stage that writes into another's output",),
    4: ("another file's stages are needed through a folder",),
    5: ("a stage without outputs", "a frozen root"),
    6: ("several DVC roots in one repository", "DVC in a subfolder"),
    7: ("DVC without git inside of a git repository",),
    8: ("folders that git or .dvcignore leave out",),
    9: ("a lock without its pipeline beside another", "a pipeline of artifacts beside another"),
    10: ("names with slashes and dashes", "one name in several files"),
    13: ("backslashes in names",),
    14: ("a stage that rewrites dvc.yaml",),
    15: ("matrix over lists in vars, one axis, foreach over a mapping",),
    16: ("vars of the file and of a stage, templated params files", "templates beside dvc.yaml, work above it"),
    17: ("commands and flags in every style",),
    18: ("params in every kind of file",),
}
"""Which scenarios of `test_reproduce_equals_dvc` cover which construct; 3, 11, 12 and 28 are below."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", {"dvc.yaml": COPY, "in": "1"}, site=tmp_path / "site")


@pytest.mark.parametrize("number", CONSTRUCTS)
def test_the_construct_has_a_scenario(number: int) -> None:
    assert set(CONSTRUCTS[number]) <= set(SCENARIOS)


def test_every_construct_is_covered() -> None:
    assert sorted({*CONSTRUCTS, 3, 11, 12, 28}) == [*range(1, 19), 28]


def test_3_one_path_in_a_stage_and_in_a_dvc_file_is_named_with_both(project: Project) -> None:
    project.write({"out.dvc": "outs:\n- path: out\n  hash: md5\n  md5: c4ca4238a0b923820dcc509a6f75849b\n  size: 1\n"})
    with pytest.raises(InputError, match=r"the output 'out' is written by 'copy' and 'out\.dvc'"):
        project.run_kit()
    code, _, err = run(project)
    assert code == 2
    assert err.startswith("mlops-kit: error: dvc.yaml: the output 'out' is written by 'copy' and 'out.dvc'\nhint: ")


def test_11_a_lock_of_dvc_1_is_refused_with_the_way_out(project: Project) -> None:
    project.write({"dvc.lock": "copy:\n  cmd: cat in > out\n"})
    code, _, err = run(project)
    assert code == 2
    assert "dvc.lock: was written by DVC 1, which DVC 3 does not read\nhint: remove it" in err


@pytest.mark.parametrize(
    ("more", "complaint"),
    [("  live: {cmd: x, live: l}\n", "live"), ("  vars: {cmd: x, vars: [never.yaml]}\n", "never.yaml")],
)
def test_12_removed_keys_and_vars_that_were_never_committed_are_named(
    project: Project, more: str, complaint: str
) -> None:
    project.write({"dvc.yaml": f"stages:\n{more}"})
    code, _, err = run(project)
    assert code == 2
    assert complaint in err
    assert "dvc.yaml" in err


def test_28_an_import_whose_source_is_gone_rests_like_in_dvc(project: Project) -> None:
    (project.root / "in").unlink()
    project.git("rm", "--quiet", "--cached", "in")
    importing("in", "1")(project)
    project.run_kit()
    (project.root.parent / "source").unlink()
    assert project.states(project.run_kit()) == "copy=cached in.dvc=cached"
    (project.root / "in").unlink()
    with pytest.raises(ReproductionError, match=r"failed to reproduce 'in\.dvc'"):
        project.run_dvc()
    done = project.run_kit()
    assert project.states(done) == "copy=skipped in.dvc=failed"
    assert "missing data 'source': in" in done.failed[0].message


def test_28_an_import_from_a_repository_that_is_gone_rests_like_in_dvc(project: Project, tmp_path: Path) -> None:
    (project.root / "in").unlink()
    project.git("rm", "--quiet", "--cached", "in")
    source = make_project(tmp_path / "source", {"f": "1"}, site=tmp_path / "site")
    with project.opened() as repo:
        repo.imp(str(source.root), "f", out="in")
    project.run_kit()
    shutil.rmtree(source.root)
    assert project.states(project.run_kit()) == "copy=cached in.dvc=cached"


def test_28_an_import_that_cannot_be_fetched_fails_its_stage_and_says_why(project: Project) -> None:
    (project.root / "in").unlink()
    project.git("rm", "--quiet", "--cached", "in")
    importing("in", "1")(project)
    (project.root.parent / "source").unlink()
    (project.root / "in").unlink()
    project.write({"in.dvc": project.read("in.dvc").replace("frozen: true\n", "")})
    shutil.rmtree(project.root / ".dvc/cache")
    try:
        done = project.run_kit()
    except KitError as error:
        assert "source" in str(error)  # noqa: PT017 - either is an answer, and both name it
    else:
        assert "in.dvc=failed" in project.states(done)
        assert "source" in done.failed[0].message
