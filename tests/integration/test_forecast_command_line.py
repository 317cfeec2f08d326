"""`reproduce --dry-run` and `--explain` as a process: exit codes, documents, and what they leave alone."""

import json
from pathlib import Path

import pytest
from dvc.lock import make_lock
from jsonschema import Draft202012Validator

from tests.integration.dvc_project import Project, make_project
from tests.integration.test_reproduce_command_line import run

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PIPELINE = """
stages:
  first:
    cmd: cat in > mid
    deps: [in]
    params: [lr]
    outs: [mid]
  second:
    cmd: cat mid > end
    deps: [mid]
    outs: [end]
    meta: {mlops: {mutex: [db]}}
  each:
    foreach: [x, y]
    do:
      cmd: cat end > each-${item}
      deps: [end]
      outs: ["each-${item}"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {"dvc.yaml": PIPELINE, "in": "1", "params.yaml": "lr: 0.1\n"}
    return make_project(tmp_path / "p", files, site=tmp_path / "site")


def complaints(name: str, document: object) -> list[str]:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


def test_a_dry_run_tells_and_does_nothing(project: Project) -> None:
    before = project.picture()
    code, out, _ = run(project, "--dry-run")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[:2]] == [["stage", "will", "why"], ["first", "run", "never"]]
    assert "\n4 run\n" in out
    assert project.picture() == before


def test_a_check_leaves_with_three_until_the_lock_is_up_to_date(project: Project) -> None:
    assert run(project, "--dry-run", "--check")[0] == 3
    run(project)
    assert run(project, "--dry-run", "--check")[0] == 0
    project.write({"params.yaml": "lr: 0.2\n"})
    code, out, _ = run(project, "--dry-run", "--check")
    assert code == 3
    assert "param params.yaml:lr: 0.1 -> 0.2" in out


def test_a_check_in_a_clone_needs_no_data(project: Project, tmp_path: Path) -> None:
    run(project)
    project.commit()
    project.git("clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Project(root=tmp_path / "clone")
    code, out, _ = run(clone, "--dry-run", "--check")
    assert (code, "4 absent" in out) == (0, True)
    clone.write({"in": "2"})
    assert run(clone, "--dry-run", "--check")[0] == 3


def test_the_documents_fit_their_schemas_and_are_the_same_each_time(project: Project) -> None:
    run(project)
    project.write({"params.yaml": "lr: .inf\n", "dvc.yaml": PIPELINE.replace("cat mid", "cat mid mid")})
    code, out, _ = run(project, "--dry-run", "--format", "json")
    assert (code, out) == (0, run(project, "--dry-run", "--format", "json")[1])
    document = json.loads(out)
    assert complaints("forecast", document) == []
    assert {stage["name"]: stage["fate"] for stage in document["stages"]} == {
        "first": "run",
        "second": "run",
        "each@x": "may-run",
        "each@y": "may-run",
    }
    code, out, _ = run(project, "--explain", "second", "--format", "json")
    document = json.loads(out)
    assert (code, complaints("explanation", document)) == (0, [])
    assert (document["readers"], document["writers"]) == (["each@x", "each@y"], {"mid": ["first"]})
    assert document["wants"]["mutexes"] == ["db"]


def test_markdown_carries_the_graph(project: Project) -> None:
    code, out, _ = run(project, "--dry-run", "--format", "markdown")
    assert code == 0
    assert out.startswith("## 🔁 dvc.lock is not up to date\n")
    assert '    n1["first<br/>run"]:::run\n' in out
    assert "    n1 --> n2\n" in out


def test_an_explanation_tells_of_the_last_run_and_the_run_cache(project: Project) -> None:
    run(project)
    code, out, _ = run(project, "--explain", "second")
    assert code == 0
    assert out.startswith("second: keep\n")
    assert "run-cache  has the result for these inputs\nlast run   ran, " in out
    assert run(project, "--explain", "end")[1] == out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--explain", "each"], "means 2 stages: each@x, each@y"),
        (["--explain", "nope"], "nope"),
        (["--explain", "first", "second"], "no other targets"),
        (["--explain", "first", "--dry-run"], "exclude each other"),
        (["--check"], "--check goes with --dry-run"),
        (["--format", "markdown"], "--format markdown goes with --dry-run"),
    ],
)
def test_a_wrong_question_is_refused(project: Project, words: list[str], complaint: str) -> None:
    code, _, err = run(project, *words)
    assert code == 2
    assert complaint in err


def test_a_dry_run_answers_while_another_process_holds_the_lock(project: Project) -> None:
    lock = make_lock(str(project.root / ".dvc/tmp/lock"), tmp_dir=str(project.root / ".dvc/tmp"))
    (project.root / ".dvc/tmp").mkdir(exist_ok=True)
    with lock:
        assert run(project)[0] == 5
        assert run(project, "--dry-run")[0] == 0


def test_an_emptied_lock_is_named_and_stays_empty(project: Project) -> None:
    run(project)
    project.commit()
    project.write({"dvc.lock": ""})
    code, _, err = run(project, "--dry-run")
    assert code == 2
    assert "dvc.lock: is empty\nhint: a run takes it from the last commit" in err
    assert project.read("dvc.lock") == ""


def test_a_privileged_event_is_refused(project: Project) -> None:
    assert run(project, "--dry-run", variables={"GITHUB_EVENT_NAME": "workflow_run"})[0] == 6
