"""The verbs of promotion from the command line, on real git, real DVC and MLflow's SQLite."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dvc.repo import Repo

from mlops_kit.adapters.mlflow.session import DATABASE_FILE, MlflowSession
from mlops_kit.cli import run
from mlops_kit.cli.environment import Inputs, read_inputs
from tests.contract.mlflow_database import place_empty_database
from tests.faults.stage import git, git_environment, make_remote

PIPELINE = """
stages:
  train: {cmd: "true", outs: [churn.bin], metrics: [{metrics.json: {cache: false}}]}
artifacts:
  churn: {path: churn.bin, type: model}
"""
CONFIG = """
version: 1
environments:
  dev: {branch: dev, gates: [{metric: accuracy, min: 0.8, max-drop: 0.05, against: live}]}
  production: {branch: production, after: dev}
"""


class Shop:
    """A repository with a remote, its command line, and what it printed."""

    def __init__(self, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.clone, self._capsys = clone, capsys
        self.inputs: Inputs = replace(
            read_inputs(),
            variables=git_environment(clone),
            folder=clone,
            on_actions=False,
            repository="octo/churn",
            actor="ada",
            tracking_uri="",
        )
        self.output = ""
        self.errors = ""

    def push(self, *branches: str, model: str, accuracy: float, config: str = CONFIG) -> None:
        files = {"dvc.yaml": PIPELINE, "mlops.yaml": config, "churn.bin": model}
        files["metrics.json"] = json.dumps({"accuracy": accuracy})
        for name, text in files.items():
            (self.clone / name).write_text(text)
        with Repo(str(self.clone)) as repo:
            repo.commit(force=True)
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", model)
        git(self.clone, "push", "-q", "origin", *(f"HEAD:refs/heads/{branch}" for branch in branches))

    def run(self, *words: str) -> int:
        self._capsys.readouterr()
        code = run(list(words), self.inputs)
        self.output, self.errors = self._capsys.readouterr()
        return code


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An empty shop, with an empty MLflow beside it."""
    opened = open_shop(tmp_path, monkeypatch, capsys)
    place_empty_database(opened.clone / DATABASE_FILE)
    return opened


def open_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    """An empty shop below a folder, which the process works in."""
    make_remote(tmp_path)
    shop = enter_shop(tmp_path, monkeypatch, capsys)
    Repo.init(str(shop.clone)).close()
    (shop.clone / ".gitignore").write_text("mlflow.db\nmlartifacts/\n")
    return shop


def enter_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    """The shop that lies below a folder, which the process works in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.chdir(tmp_path / "work")
    return Shop(tmp_path / "work", capsys)


def test_the_story_of_a_merge(shop: Shop) -> None:
    shop.push("dev", "production", model="one", accuracy=0.9)
    assert shop.run("plan", "dev", "--exit-code") == 3
    assert shop.run("reconcile") == 0
    assert shop.run("status", "--check") == 0
    assert shop.run("reconcile") == 0
    assert shop.output == "nothing to do: what runs is what the branches say\n"

    shop.push("production", model="two", accuracy=0.91)
    assert shop.run("reconcile", "production") == 4
    assert "skipped dev" in shop.output
    shop.push("dev", model="two", accuracy=0.8)
    assert shop.run("reconcile", "--check", "dev") == 4
    assert "gate accuracy min 0.8, max-drop 0.05 against live: fail" in shop.output
    shop.push("dev", model="two", accuracy=0.91)
    assert shop.run("reconcile", "--format", "json") == 0
    changes = [(c["environment"], c["verb"]) for c in json.loads(shop.output)["changes"]]
    assert changes == [
        ("dev", "register"),
        ("dev", "record"),
        ("dev", "set-alias"),
        ("production", "record"),
        ("production", "set-alias"),
    ]
    assert git(shop.clone, "status", "--porcelain") == ""

    assert shop.run("history", "churn", "--environment", "production") == 0
    assert [line[:2] for line in shop.output.splitlines()] == ["#1", "#2"]
    assert git(shop.clone, "ls-remote", "origin", "refs/tags/mlops/churn/production/*").count("/00000") == 4


def test_an_alias_moved_by_hand_is_found_and_told(shop: Shop) -> None:
    for letter in ("one", "two"):
        shop.push("dev", model=letter, accuracy=0.9)
        assert shop.run("reconcile", "dev") == 0
    MlflowSession("", shop.clone).client.set_registered_model_alias("churn", "dev", "1")
    assert shop.run("status", "--check") == 3
    assert "the alias was moved by hand" in shop.output
    assert shop.run("reconcile", "--check", "dev") == 3
    assert shop.run("reconcile", "dev") == 3
    healing = CONFIG.replace("branch: dev,", "branch: dev, self-heal: true,")
    shop.push("dev", model="two", accuracy=0.9, config=healing)
    assert shop.run("reconcile", "dev") == 0
    assert shop.run("status", "--check") == 0


def test_a_registry_that_is_down_ends_with_5_and_moves_nothing(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    shop.inputs = replace(shop.inputs, tracking_uri="http://ada:s3cret@127.0.0.1:9")
    assert shop.run("reconcile", "dev") == 5
    assert shop.run("plan") == 5
    assert "s3cret" not in shop.output + shop.errors
    assert git(shop.clone, "ls-remote", "origin", "refs/tags/*") == ""


def test_usage_mistakes_end_with_2_and_a_hint(shop: Shop) -> None:
    shop.push("dev", model="one", accuracy=0.9)
    assert shop.run("plan", "prod") == 2
    assert "hint: environments are: dev, production" in shop.errors
    assert shop.run("history", "price") == 2
    assert shop.run("plan", "production") == 2
    shop.inputs = replace(shop.inputs, tracking_uri="./mlruns")
    assert shop.run("status") == 2
    assert "file store" in shop.errors
