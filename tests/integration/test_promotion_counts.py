"""How often git is started for many models in order, counted: the same whatever their number."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bench.counted_git import CountedGit
from bench.estate import Estate
from mlops_kit.cli import run
from mlops_kit.cli.environment import Inputs, read_inputs

MOST = 10


@pytest.fixture
def counted(tmp_path: Path) -> CountedGit:
    return CountedGit(tmp_path / "bin")


def inputs_of(clone: Path, counted: CountedGit, variables: Mapping[str, str]) -> Inputs:
    counting = {**variables, "PATH": f"{counted.folder}:{variables['PATH']}"}
    return replace(read_inputs(), variables=counting, folder=clone, on_actions=False, tracking_uri="", actor="")


def build(folder: Path, counted: CountedGit, estate: Estate) -> Inputs:
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    inputs = inputs_of(estate.build(folder, variables), counted, variables)
    assert run(["status", "--check"], inputs) == 0
    counted.take()
    return inputs


@pytest.mark.parametrize("words", [["reconcile"], ["plan"], ["status", "--check"], ["reconcile", "--check"]])
def test_git_is_started_as_often_for_forty_models_as_for_two(
    tmp_path: Path, counted: CountedGit, words: list[str]
) -> None:
    calls = []
    for models in (2, 40):
        folder = tmp_path / str(models)
        folder.mkdir()
        inputs = build(folder, counted, Estate(models=models, folders=True))
        assert run(words, inputs) == 0
        calls.append(len(counted.take()))
    assert calls[0] == calls[1] <= MOST


def test_heads_that_moved_on_cost_nothing_where_the_models_stay(tmp_path: Path, counted: CountedGit) -> None:
    inputs = build(tmp_path, counted, Estate(models=5))
    counting = inputs.variables

    def push(branch: str) -> None:
        (inputs.folder / "README.md").write_text(branch)
        for words in (["add", "-A"], ["-c", "user.name=b", "-c", "user.email=b@e", "commit", "-qm", branch],
                      ["push", "-q", "origin", f"HEAD:refs/heads/{branch}"]):  # fmt: skip
            subprocess_git(inputs.folder, counting, *words)

    for branch in ("dev", "staging", "production"):
        push(branch)
    counted.take()
    assert run(["reconcile"], inputs) == 0
    assert len(counted.take()) <= MOST


def subprocess_git(folder: Path, variables: Mapping[str, str], *words: str) -> None:
    import subprocess

    subprocess.run(["git", *words], cwd=folder, env=dict(variables), check=True, capture_output=True)
