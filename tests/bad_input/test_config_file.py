"""mlops.yaml as it should not be (rows B1 to B12, A10 and C18 of the catalogue of bad inputs)."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bad_input.project import MLOPS_YAML, Project

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
REFUSED = [
    pytest.param(BOMB, "mlops.yaml:1:", "more than 50,000 values, aliases counted in full", id="B1 alias bomb"),
    pytest.param("a: &a [*a]\n", "mlops.yaml:1:4: ", "an alias inside the value", id="B2 recursive alias"),
    pytest.param("[" * 3000, "mlops.yaml:1:64: ", "nested deeper than 64 levels", id="B3 deep"),
    pytest.param("version: !!python/object/apply:os.system [touch PWNED]\n", "mlops.yaml:1:10: ",
                 "the tag !!python/object/apply:os.system is not allowed", id="B4 tag"),
    pytest.param("version: 1\nmetrics: {}\nversion: 1\n", "mlops.yaml:3:1: ",
                 "duplicate key 'version', first in line 1", id="B5 duplicate"),
    pytest.param("version: 1\n---\nversion: 1\n", "mlops.yaml:2: ", "a second document starts here", id="B6 two"),
    pytest.param("version: 1\nmetrics:\n\ta: {}\n", "mlops.yaml:3:1: ", "a tab where YAML wants spaces", id="B7 tab"),
    pytest.param(b"version: 1 # caf\xe9\n", "mlops.yaml:1:17: ", "not UTF-8: byte 0xe9", id="B8 latin-1"),
    pytest.param(b"version: 1\n\0", "mlops.yaml:2:1: ", "holds a NUL character", id="B8 NUL"),
    pytest.param("", "mlops.yaml:1:1: ", "expected a mapping, got nothing", id="B9 empty"),
    pytest.param("# only\n# comments\n", "mlops.yaml:1:1: ", "expected a mapping, got nothing", id="B9 comments"),
    pytest.param("- version: 1\n", "mlops.yaml:1:1: ", "expected a mapping, got a list", id="B9 list"),
    pytest.param("version\n", "mlops.yaml:1:1: ", "expected a mapping, got text", id="B9 scalar"),
    pytest.param("version: 1\nenviroments: {}\n", "mlops.yaml:2:1 enviroments: ", "unknown key", id="B10 unknown"),
    pytest.param("version: 1\nenvironments: {a: {branch: no}}\n", "mlops.yaml:2:28 environments.a.branch: ",
                 "no without quotes is not text to every YAML reader", id="B11 no"),
    pytest.param("version: 1\nenvironments: {a: {branch: 1.10}}\n", "mlops.yaml:2:28 environments.a.branch: ",
                 "expected text, got the number 1.10", id="B11 1.10"),
    pytest.param("version: 1\nenvironments: {a: {branch: 2024-01-01}}\n", "mlops.yaml:2:28 environments.a.branch: ",
                 "2024-01-01 without quotes is not text", id="B11 date"),
    pytest.param("version: 1\nenvironments: {a: {branch: 0o10}}\n", "mlops.yaml:2:28 environments.a.branch: ",
                 "expected text, got the number 0o10", id="B11 octal"),
    pytest.param("version: 1\nenvironments: {a: {branch: x, deploy: {kind: 12:30:45}}}\n",
                 "mlops.yaml:2:46 environments.a.deploy.kind: ", "12:30:45 without quotes is not text", id="B11 time"),
    pytest.param("version: 1\nenvironments: {v1: {branch: x}}\n", "mlops.yaml:2:16 environments.v1: ",
                 "the registry reserves latest and v<digits>", id="A10 v1"),
    pytest.param("version: 1\nenvironments: {latest: {branch: x}}\n", "mlops.yaml:2:16 environments.latest: ",
                 "the registry reserves latest and v<digits>", id="A10 latest"),
    pytest.param("version: 1\nenvironments: {a/b: {branch: x}}\n", "mlops.yaml:2:16 environments.a/b: ",
                 "expected lower-case letters", id="A10 slash"),
    pytest.param("version: 1\nenvironments: {Production: {branch: x}}\n", "mlops.yaml:2:16 environments.Production: ",
                 "expected lower-case letters", id="A10 upper case"),
    pytest.param("version: 1\nenvironments: {ünï: {branch: x}}\n", "mlops.yaml:2:16 environments.ünï: ",
                 "expected lower-case letters", id="A10 not ASCII"),
    pytest.param(f"version: 1\nenvironments: {{{'a' * 256}: {{branch: x}}}}\n", "mlops.yaml:2:16 environments.aaa",
                 "at most 63", id="A10 too long"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "place", "reason"), REFUSED)
def test_validate_refuses_the_file_with_its_place(project: Project, content: str, place: str, reason: str) -> None:
    project.write("mlops.yaml", content)
    started = time.process_time()
    (error,) = project.refuse("validate").errors
    assert error.startswith(place)
    assert reason in error
    assert time.process_time() - started < 2
    assert not (project.folder / "PWNED").exists()


@pytest.mark.parametrize("words", [["report", "--base", "HEAD"], ["plan"], ["status"], ["reconcile", "--check"]])
def test_every_verb_that_needs_the_file_refuses_it_the_same_way(project: Project, words: list[str]) -> None:
    project.write("mlops.yaml", "version: 1\nenviroments: {}\nmetric: {}\n")
    project.commit()
    answer = project.refuse(*words)
    assert answer.errors == ["mlops.yaml:2:1 enviroments: unknown key", "mlops.yaml:3:1 metric: unknown key"]
    assert answer.hints == ["did you mean environments?", "did you mean metrics?"]


GATED = (
    "version: 1\nmetrics: {{loss: {{goal: minimize}}}}\nenvironments: {{main: {{branch: main, gates: [{{{gate}}}]}}}}\n"
)


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        ("metric: loss, max: .nan", "expected a finite number"),
        ("metric: loss, max: .inf", "expected a finite number"),
        ("metric: loss, max-drop: .nan", "expected a number that is not negative"),
        ("metric: loss, max-rise: -1", "expected a number that is not negative"),
        ("metric: loss, min: 2, max: 1", "min 2 is greater than max 1"),
        ("metric: loss", "a gate needs min, max, max-drop or max-rise"),
        ("metric: loss, max-drop: 1%", "max-drop on 'loss', whose goal is minimize: it would refuse what is better"),
    ],
)
def test_c18_a_gate_that_cannot_be_meant_is_refused(project: Project, gate: str, reason: str) -> None:
    project.write("mlops.yaml", GATED.format(gate=gate))
    (error,) = project.refuse("validate").errors
    assert error.startswith("mlops.yaml:3:")
    assert reason in error


def test_c18_a_gate_in_the_right_direction_is_accepted(project: Project) -> None:
    for gate in (
        "metric: loss, max-rise: 1%",
        "metric: loss, max-drop: 1%, max-rise: 1%",
        "metric: accuracy, max-drop: 1",
    ):
        project.write("mlops.yaml", GATED.format(gate=gate))
        assert project.call("validate").code == 0, gate


def test_c18_the_metric_of_a_gate_that_no_file_has_is_a_warning(project: Project) -> None:
    project.write("mlops.yaml", GATED.format(gate="metric: los, max: 1"))
    assert "no metric file has 'los'" in project.call("validate").err


def test_what_a_metric_is_evaluated_on_must_be_read_by_a_stage(project: Project) -> None:
    project.write("mlops.yaml", "version: 1\nmetrics: {accuracy: {evaluation: [data/test.csv, dta]}}\n")
    answer = project.call("validate")
    assert answer.code == 0
    assert "mlops.yaml:2:50 metrics.accuracy.evaluation.1: no stage reads 'dta'" in answer.err
    assert "did you mean data?" in answer.err
    assert "data/test.csv" not in answer.err


def test_an_equal_measurement_of_what_no_stage_measures_is_a_warning(project: Project) -> None:
    project.write("dvc.yaml", (project.folder / "dvc.yaml").read_text() + "metrics: [hand.json]\n")
    project.write("hand.json", '{"loss": 1}\n')
    project.write("mlops.yaml", GATED.format(gate="metric: loss, max: 1, require-comparable: true"))
    assert "no stage writes hand.json: how it is measured is not known" in project.call("validate").err


def test_what_needs_quotes_is_shown_with_them(project: Project) -> None:
    project.write("mlops.yaml", "version: 1\nenvironments: {a: {branch: 1.10}}\n")
    assert project.refuse("validate").hints == ['quote it: branch: "1.10"']


def test_a_byte_order_mark_is_accepted(project: Project) -> None:
    project.write("mlops.yaml", b"\xef\xbb\xbf" + MLOPS_YAML.encode())
    assert project.call("validate").code == 0


def test_a_file_of_fifty_megabytes_is_not_read(project: Project) -> None:
    project.write("mlops.yaml", b"# " + b"x" * (50 * 1024 * 1024))
    assert project.refuse("validate").errors == ["mlops.yaml: larger than 8 MiB"]


def test_a_folder_is_not_read(project: Project) -> None:
    (project.folder / "mlops.yaml").unlink()
    (project.folder / "mlops.yaml").mkdir()
    assert project.refuse("validate").errors == ["mlops.yaml: not a regular file"]


def test_a_pipe_is_not_read_and_nobody_waits_for_it(project: Project) -> None:
    (project.folder / "mlops.yaml").unlink()
    os.mkfifo(project.folder / "mlops.yaml")
    assert project.refuse("validate").errors == ["mlops.yaml: not a regular file"]


def test_a_link_out_of_the_repository_is_not_followed(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password: hunter2\n")
    (project.folder / "mlops.yaml").unlink()
    (project.folder / "mlops.yaml").symlink_to(tmp_path / "secret")
    answer = project.refuse("validate", code=6)
    assert answer.errors == ["mlops.yaml: is or lies behind a symbolic link, which is not followed"]
    assert "hunter2" not in answer.err


def test_a_named_file_must_be_there(project: Project) -> None:
    assert project.refuse("--config", "other.yaml", "validate").errors == ["other.yaml: no such file"]


def test_problems_of_all_files_come_together(project: Project) -> None:
    project.write("mlops.yaml", "version: 2\n")
    project.write("dvc.yaml", "stages:\n  a: {cmd: x, dep: [y]}\n")
    project.write("sub/dvc.yaml", "stages: [a]\n")
    assert project.refuse("validate").errors == [
        "mlops.yaml:1:10 version: expected version: 1, got the number 2",
        "dvc.yaml:2:15 stages.a.dep: unknown key",
        "sub/dvc.yaml:1:9 stages: expected a mapping of stages",
    ]


def test_on_actions_each_problem_is_an_annotation_too(project: Project) -> None:
    project.write("mlops.yaml", "version: 1\n'a%b': 1\n")
    answer = project.refuse("validate", variables={"GITHUB_ACTIONS": "true"})
    assert answer.out == "::error file=mlops.yaml,line=2,col=1::a%25b: unknown key\n"


def test_a_process_of_its_own_says_the_same(project: Project) -> None:
    project.write("mlops.yaml", "version: 1\nenviroments: {}\n")
    done = subprocess.run(
        [sys.executable, "-m", "mlops_kit", "validate"],
        cwd=project.folder,
        env={**project.variables, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "mlops-kit: error: mlops.yaml:2:1 enviroments: unknown key\nhint: did you mean environments?\n"
    )
