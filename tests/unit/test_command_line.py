"""The boundary of the command line: exit codes, error lines, annotations."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mlops_kit import __version__
from mlops_kit.cli import CHANGING, READING, Caller, guarded, run
from mlops_kit.cli.environment import Inputs, read_inputs
from mlops_kit.cli.failure import annotation
from mlops_kit.core.errors import ExitCode, InvalidInputError, Location, Problem, RefusedError

INPUTS = dataclasses.replace(read_inputs(), on_actions=False, folder=Path("/nonexistent"))


def run_raising(error: BaseException, inputs: Inputs = INPUTS) -> int:
    def action() -> None:
        raise error

    return guarded(action, inputs)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["-h"]])
def test_help_and_version_are_done(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, INPUTS) == ExitCode.DONE
    shown = capsys.readouterr().out
    assert __version__ in shown or all(verb in shown for verb in (*READING, *CHANGING))


@pytest.mark.parametrize("words", [["nonsense"], ["--nonsense"], ["report", "--nonsense"]])
def test_wrong_usage_is_an_input_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, INPUTS) == ExitCode.INPUT
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [*READING, *CHANGING])
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"], INPUTS) == ExitCode.DONE
    assert f"mlops-kit {verb}" in capsys.readouterr().out.partition("Usage:")[2].partition("\n")[2]


def test_an_error_of_the_kit_is_one_line_a_hint_and_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    error = RefusedError(
        "accuracy 0.8 is below min 0.9",
        location=Location(file="mlops.yaml", line=7),
        field="gates[0]",
        hint="train a better model",
    )
    assert run_raising(error) == ExitCode.REFUSED
    assert capsys.readouterr().err == (
        "mlops-kit: error: mlops.yaml:7 gates[0]: accuracy 0.8 is below min 0.9\nhint: train a better model\n"
    )


def test_all_problems_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(message="one"), Problem(message="two", hint="do this")]
    assert run_raising(InvalidInputError(problems)) == ExitCode.INPUT
    assert capsys.readouterr().err == "mlops-kit: error: one\nmlops-kit: error: two\nhint: do this\n"


def test_on_actions_an_error_is_an_annotation_too(capsys: pytest.CaptureFixture[str]) -> None:
    error = RefusedError("no", location=Location(file="a.yaml", line=2, column=3))
    run_raising(error, dataclasses.replace(INPUTS, on_actions=True))
    assert capsys.readouterr().out == "::error file=a.yaml,line=2,col=3::no\n"


def test_a_bug_is_owned_with_traceback_and_tracker(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(ValueError("oops")) == ExitCode.BUG
    shown = capsys.readouterr().err
    assert shown.startswith("mlops-kit: bug: ValueError\nhint: please report")
    assert "Traceback" in shown


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_no_bug(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(error) == ExitCode.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    words = f"{sys.executable} -m mlops_kit --help | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout.splitlines()[-1][-1], done.stderr) == ("0", "")


def test_verbose_tells_the_calls_of_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    words = [sys.executable, "-m", "mlops_kit", "-v", "history"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "git rev-parse: exit 0" in done.stderr


def test_annotations_cannot_be_broken_out_of() -> None:
    problem = Problem(message="a\n::set-output name=x::y%", location=Location(file="a,b:c\n.yaml", line=1))
    assert annotation(problem) == "::error file=a%2Cb%3Ac%0A.yaml,line=1::a%0A::set-output name=x::y%25"


def test_the_environment_is_not_shown_by_accident() -> None:
    inputs = dataclasses.replace(INPUTS, token="ghs_secret", variables={"SECRET": "ghs_secret"})
    assert "ghs_secret" not in repr(inputs)
    assert "ghs_secret" not in repr(Caller(inputs=inputs, folder=Path(), config_file=None))
