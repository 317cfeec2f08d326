"""dvc.yaml and dvc.lock as they should not be (rows B13 to B15, B19 and B20), and what validate says of good ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_input.project import DVC_LOCK, DVC_YAML, Project

HEAVY = {"dvc", "mlflow", "github", "rich", "pandas", "ruamel"}


def test_a_good_repository_is_told_in_two_lines(project: Project) -> None:
    answer = project.call("validate")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "mlops.yaml: environments main; 1 gate\n"
        "pipeline: 2 stages, 1 model, 1 metric file in 2 DVC files; no problems\n"
    )


def test_json_says_the_same_and_lists_the_problems(project: Project) -> None:
    project.write("mlops.yaml", "version: 2\n")
    before = project.fingerprint()
    answer = project.call("validate", "--format", "json")
    document = json.loads(answer.out)
    assert answer.code == 2
    assert document["models"] == ["fraud"]
    assert document["problems"] == [
        {
            "file": "mlops.yaml",
            "line": 1,
            "column": 10,
            "field": "version",
            "message": "expected version: 1, got the number 2",
            "hint": "a file for a newer mlops-kit needs a newer mlops-kit",
        }
    ]
    assert project.fingerprint() == before


def test_validate_loads_no_heavy_library(project: Project) -> None:
    code = (
        "import sys; from mlops_kit.cli import run; from mlops_kit.cli.environment import read_inputs\n"
        "code = run(['validate'], read_inputs())\n"
        "sys.stderr.write(' '.join({name.split('.')[0] for name in sys.modules})); sys.exit(code)"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder,
        env={**project.variables, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stderr.split()) & HEAVY == set()


def test_b13_an_empty_lock_is_refused_with_the_way_back(project: Project) -> None:
    project.write("dvc.lock", "")
    answer = project.refuse("validate")
    assert answer.errors == ["dvc.lock: is empty: a run may have been killed"]
    assert answer.hints == ["restore it from git (git checkout -- dvc.lock), or run the pipeline again"]


def test_b13_reproduce_takes_an_empty_lock_from_the_last_commit_and_says_so(project: Project) -> None:
    project.write("dvc.lock", "")
    answer = project.call("reproduce", "--format", "json")
    assert "dvc.lock was empty: took it from the last commit" in answer.err
    assert "Traceback" not in answer.err
    assert (project.folder / "dvc.lock").read_text().startswith("schema: '2.0'\nstages:\n  prepare:\n")


def test_b13_reproduce_refuses_an_empty_lock_that_git_does_not_know_better(project: Project) -> None:
    project.write("dvc.lock", "")
    project.commit()
    assert project.refuse("reproduce").errors == ["dvc.lock: is empty: a run may have been killed"]


@pytest.mark.parametrize("verb", [["validate"], ["reproduce"], ["report", "--base", "HEAD"]])
def test_b16_a_lock_of_a_newer_dvc_is_refused(project: Project, verb: list[str]) -> None:
    project.write("dvc.lock", DVC_LOCK.replace("'2.0'", "'3.0'"))
    assert project.refuse(*verb).errors == ["dvc.lock:1:9: schema '3.0' is not known, expected '2.0'"]


def test_b14_a_lock_cut_anywhere_is_refused(project: Project) -> None:
    whole = DVC_LOCK.encode()
    accepted = []
    for end in range(0, len(whole), 17):
        project.write("dvc.lock", whole[:end])
        if project.call("validate").code != 2:
            accepted.append(end)
    assert accepted == []


def test_b14_the_stages_that_were_lost_are_named(project: Project) -> None:
    project.write("dvc.lock", DVC_LOCK.partition("  train:\n")[0])
    (error,) = project.refuse("validate").errors
    assert error.startswith("dvc.lock: ")
    assert "stages missing" in error
    assert error.endswith(": train")


def test_b14_reproduce_takes_a_lock_cut_short_from_the_last_commit_and_says_so(project: Project) -> None:
    project.write("dvc.lock", DVC_LOCK.partition("  train:\n")[0])
    answer = project.call("reproduce")
    assert "dvc.lock was cut short: took it from the last commit" in answer.err
    assert "  train:\n" in (project.folder / "dvc.lock").read_text()


def test_b14_what_an_entry_lost_is_named(project: Project) -> None:
    project.write("dvc.lock", DVC_LOCK.partition("    - path: model.pkl\n")[0])
    assert project.refuse("validate").errors == [
        "dvc.lock stages.train: stages missing from lock in part: train lacks model.pkl"
    ]


@pytest.mark.parametrize("verb", ["validate", "reproduce"])
def test_b16_half_an_md5_is_no_digest(project: Project, verb: str) -> None:
    project.write("dvc.lock", DVC_LOCK.replace("4a8a08f09d37b73795649038408b5f33", "4a8a08"))
    assert project.refuse(verb).errors == ["dvc.lock:20:5 stages.train: '4a8a08' is no md5 of model.pkl"]


CONFLICT = DVC_LOCK.replace(
    "      size: 1\n",
    "<<<<<<< HEAD\n      size: 1\n=======\n      size: 2\n>>>>>>> topic\n",
)


@pytest.mark.parametrize("words", [["validate"], ["reproduce"], ["report", "--base", "HEAD"]])
def test_b15_a_merge_conflict_is_refused_with_its_line(project: Project, words: list[str]) -> None:
    line = CONFLICT.split("\n").index("<<<<<<< HEAD") + 1
    project.write("dvc.lock", CONFLICT)
    assert project.refuse(*words, code=4).errors == [f"dvc.lock:{line}: merge conflict in dvc.lock line {line}"]


@pytest.mark.parametrize("words", [["plan"], ["status", "--check"], ["reconcile", "--check"]])
def test_b15_a_committed_merge_conflict_promotes_nothing(project: Project, words: list[str]) -> None:
    project.write("dvc.lock", CONFLICT)
    project.commit()
    before = project.fingerprint()
    answer = project.call(*words)
    assert "merge conflict in dvc.lock line" in answer.err + answer.out
    assert "Traceback" not in answer.err
    assert project.fingerprint() == before


@pytest.mark.parametrize("verb", [["validate"], ["reproduce"]])
def test_b19_a_repository_without_a_pipeline_is_refused(project: Project, verb: list[str]) -> None:
    project.git("rm", "-q", "dvc.yaml", "dvc.lock")
    project.commit()
    (error,) = project.refuse(*verb).errors
    assert "dvc.yaml" in error


@pytest.mark.parametrize("content", ["", "# nothing\n", "stages:\n", "stages: {}\n", "vars: [a: 1]\n"])
@pytest.mark.parametrize("verb", [["validate"], ["reproduce"]])
def test_b20_a_pipeline_without_stages_is_refused(project: Project, content: str, verb: list[str]) -> None:
    project.git("rm", "-q", "dvc.lock")
    project.write("dvc.yaml", content)
    project.commit()
    (error,) = project.refuse(*verb).errors
    assert "no stages" in error or "data['stages']" in error


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("stages:\n\tprepare: {cmd: x}\n", "dvc.yaml:2:1: a tab where YAML wants spaces"),
        ("stages: {a: {cmd: x}}\nstages: {}\n", "dvc.yaml:2:1: duplicate key 'stages', first in line 1"),
        ("- a\n", "dvc.yaml:1:1: expected a mapping"),
        ("stages: {a: {cmd: x, out: [y]}}\n", "dvc.yaml:1:22 stages.a.out: unknown key"),
        ("stages: {a: {foreach: [1], do: {cmd: x, ous: [y]}}}\n", "dvc.yaml:1:41 stages.a.do.ous: unknown key"),
        ("stages: {a: x}\n", "dvc.yaml:1:13 stages.a: expected a mapping with cmd"),
        ("artefacts: {}\n", "dvc.yaml:1:1 artefacts: unknown key"),
    ],
)
def test_a_broken_pipeline_is_refused_with_its_place(project: Project, content: str, error: str) -> None:
    project.git("rm", "-q", "dvc.lock")
    project.write("dvc.yaml", content)
    assert project.refuse("validate").errors == [error]


def test_a_pipeline_of_artifacts_alone_is_fine(project: Project) -> None:
    project.git("rm", "-q", "dvc.lock")
    project.write("dvc.yaml", "artifacts: {fraud: {path: model.pkl, type: model}}\n")
    assert project.call("validate").code == 0


def test_an_empty_pipeline_beside_others_is_only_warned_of(project: Project) -> None:
    project.write("template/dvc.yaml", "")
    answer = project.call("validate")
    assert answer.code == 0
    assert answer.err == "mlops-kit: warning: template/dvc.yaml: no stages\nhint: add one with: dvc stage add\n"


def test_without_a_configuration_the_defaults_are_told(project: Project) -> None:
    project.git("rm", "-q", "mlops.yaml")
    answer = project.call("validate")
    assert answer.code == 0
    assert answer.out.startswith("no mlops.yaml, defaults: environments dev → staging → production; 0 gates\n")


def test_a_pipeline_that_was_never_run_is_only_warned_of(project: Project) -> None:
    project.git("rm", "-q", "dvc.lock")
    answer = project.call("validate")
    assert answer.code == 0
    assert "mlops-kit: warning: dvc.lock: no such file: the pipeline has never been run\n" in answer.err


def test_a_gate_without_a_metric_is_warned_of_with_the_metric_that_was_meant(project: Project) -> None:
    project.write("mlops.yaml", "version: 1\nenvironments: {a: {branch: b, gates: [{metric: acuracy, min: 0}]}}\n")
    answer = project.call("validate")
    assert answer.code == 0
    assert answer.err == (
        "mlops-kit: warning: mlops.yaml:2:48 environments.a.gates.0.metric: "
        "no metric file has 'acuracy': the gate would refuse every version\nhint: did you mean accuracy?\n"
    )


def test_files_that_git_ignores_are_not_checked(project: Project) -> None:
    project.write(".gitignore", "/scratch/\n")
    project.write("scratch/dvc.yaml", "stages: [\n")
    assert project.call("validate").code == 0
    project.write("other/dvc.yaml", "stages: [\n")
    assert project.refuse("validate").errors == ["other/dvc.yaml:2:1: did not find expected node content"]


def test_the_pipeline_of_these_tests_is_one(project: Project) -> None:
    assert DVC_YAML.count("cmd:") == DVC_LOCK.count("cmd:") == 2
    assert project.call("validate", "--format", "json").code == 0
