"""`mlops-kit retrain` where there is no remote at all, and where DVC lives in a folder with two models."""

import os
from pathlib import Path

import pytest

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.errors import ExitCode
from tests.integration.desk import git
from tests.integration.dvc_project import Project, make_project
from tests.integration.orchard import PIPELINE, POLICY, TRAIN

TWO = """
stages:
  train:
    cmd: python3 train.py
    deps: [rows.csv, train.py]
    outs: [model]
    metrics: [{metrics.json: {cache: false}}]
  other:
    cmd: wc -l < other.csv > other
    deps: [other.csv]
    outs: [other]
artifacts:
  churn: {path: model, type: model}
  price: {path: other, type: model}
"""


def call(folder: Path, *words: str) -> ExitCode:
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "DVC_NO_ANALYTICS": "1"}
    return ExitCode(run(list(words), parse_inputs(variables, folder=folder, terminal=False)))


def add(project: Project, folder: str, name: str, text: str) -> None:
    place = project.root / folder / name
    place.unlink(missing_ok=True)
    place.write_text(text)
    with project.opened(folder) as repo:
        repo.add(name)


def test_without_any_remote_the_branch_is_made_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"dvc.yaml": PIPELINE, "train.py": TRAIN, "mlops.yaml": POLICY, "rows.csv": ""}
    project = make_project(tmp_path / "here", {}, site=tmp_path / "site")
    project.write(files)
    add(project, "", "rows.csv", "x,accuracy\n1,0.9\n")
    project.run_kit()
    project.commit()
    project.git("branch", "-M", "dev")
    assert call(project.root, "reconcile", "dev") is ExitCode.DONE
    add(project, "", "rows.csv", "x,accuracy\n1,0.9\n2,0.95\n")

    assert call(project.root, "retrain") is ExitCode.DONE

    (branch,) = project.git("for-each-ref", "--format=%(refname:short)", "refs/heads/mlops").split()
    assert f"branch {branch}: open its pull request into dev" in capsys.readouterr().out
    assert project.git("diff", "--name-only", "dev", branch).split() == ["dvc.lock", "metrics.json", "rows.csv.dvc"]
    assert call(project.root, "history", "churn") is ExitCode.DONE
    assert "churn was trained again for dev" in capsys.readouterr().out
    assert call(project.root, "retrain", "--check") is ExitCode.DONE


def test_in_a_folder_with_two_models_the_one_that_is_named_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "--quiet", "-b", "dev")
    (top / "mlops.yaml").write_text(POLICY)
    project = make_project(top / "ml", {}, site=tmp_path / "site")
    project.write({"dvc.yaml": TWO, "train.py": TRAIN})
    add(project, "", "rows.csv", "x,accuracy\n1,0.9\n")
    add(project, "", "other.csv", "1\n")
    project.run_kit()
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", "state")
    assert call(top, "reconcile", "dev") is ExitCode.DONE
    add(project, "", "rows.csv", "x,accuracy\n1,0.9\n2,0.95\n")

    assert call(project.root, "retrain", "--check") is ExitCode.INPUT
    assert "hint: name one of: churn, price" in capsys.readouterr().err
    assert call(project.root, "retrain", "--check", "price") is ExitCode.DONE
    assert call(project.root, "retrain", "churn") is ExitCode.DONE

    (branch,) = git(top, "for-each-ref", "--format=%(refname:short)", "refs/heads/mlops").split()
    changed = git(top, "diff", "--name-only", "dev", branch).split()
    assert changed == ["ml/dvc.lock", "ml/metrics.json", "ml/rows.csv.dvc"]
