"""What a shell offers after TAB, asked as shells ask: by the script's own function in bash, by variables elsewhere."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_kit.cli.completion import SHELLS

BIN = Path(sys.executable).parent
PIPELINE = """
stages:
  train: {cmd: 'true'}
  train-all: {cmd: 'true'}
  "$(touch PWNED)": {cmd: 'true'}
artifacts:
  churn: {path: model.pkl, type: model}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "mlops.yaml").write_text("version: 1\nenvironments: {dev: {branch: dev}, demo-2: {branch: demo}}\n")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "dvc.yaml").write_text("stages:\n  score: {cmd: 'true'}\n")
    return tmp_path


def ask(folder: Path, *words: str, variables: Mapping[str, str] | None = None) -> list[str]:
    """What is offered for the last word, with the kind of each offer before it."""
    line = {"COMP_WORDS": "\n".join(("mlops-kit", *words)), "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        [BIN / "mlops-kit"], cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, "_MLOPS_KIT_COMPLETE": "bash_complete", **line, **(variables or {})},
    )  # fmt: skip
    assert done.stderr == ""
    return [offer for offer in done.stdout.splitlines() if offer]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["pla"], ["plain,plan"]),
        (["status", "--wa"], ["plain,--watch"]),
        (["status", ""], ["plain,dev", "plain,demo-2"]),
        (["reconcile", "dev", ""], ["plain,demo-2"]),
        (["hold", "de"], ["plain,dev", "plain,demo-2"]),
        (["rollback", "dev", "c"], ["plain,churn"]),
        (["history", ""], ["plain,churn"]),
        (["history", "--environment", "demo"], ["plain,demo-2"]),
        (["report", "--environment", "demo"], ["plain,demo-2"]),
        (["completion", "f"], ["plain,fish"]),
    ],
    ids=" ".join,
)
def test_a_shell_is_offered_what_the_repository_has(repository: Path, words: list[str], offered: list[str]) -> None:
    assert ask(repository, *words) == offered


def test_stages_are_offered_as_the_folder_calls_them_and_files_besides(repository: Path) -> None:
    assert ask(repository, "reproduce", "t") == ["plain,train", "plain,train-all", "file,t"]
    assert "plain,part/dvc.yaml:score" in ask(repository, "reproduce", "")
    assert ask(repository / "part", "reproduce", "s") == ["plain,score", "file,s"]


def test_the_repository_may_be_elsewhere(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert ask(elsewhere, "--repo", str(repository), "history", "") == ["plain,churn"]


def test_a_name_that_a_shell_would_run_is_not_offered(repository: Path) -> None:
    assert not [offer for offer in ask(repository, "reproduce", "") if "PWNED" in offer]


@pytest.mark.parametrize("text", ["stages: [", "a: &a [*a]", "stages: {x: {}}\nstages: {}"])
def test_files_that_cannot_be_read_offer_nothing_and_say_nothing(repository: Path, text: str) -> None:
    (repository / "dvc.yaml").write_text(text)
    (repository / "mlops.yaml").write_text(text)
    assert ask(repository, "history", "") == []
    assert ask(repository, "status", "") == []


def test_outside_of_a_repository_there_is_nothing_to_offer(tmp_path: Path) -> None:
    assert ask(tmp_path, "history", "", variables={"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_it_can_read(shell: str, tmp_path: Path) -> None:
    script = subprocess.run([BIN / "mlops-kit", "completion", shell], check=True, capture_output=True, text=True).stdout
    assert "_MLOPS_KIT_COMPLETE" in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True)


def test_bash_completes_with_the_script(repository: Path) -> None:
    line = (
        'eval "$(mlops-kit completion bash)"; COMP_WORDS=(mlops-kit reconcile demo); COMP_CWORD=2; '
        '_mlops_kit_completion mlops-kit; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    variables = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", line], cwd=repository, env=variables, check=True, capture_output=True, text=True
    )
    assert done.stdout == "demo-2\n"
