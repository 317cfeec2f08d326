"""The retrain workflow as shipped, called as the example calls it, under act: new data becomes one pull request."""

from dataclasses import replace
from textwrap import dedent

import pytest

from tests.e2e.act import TOKEN, Run, Stage
from tests.e2e.consumer import BIN, Consumer
from tests.fakes.github import FakeGitHub

KIT = "github-actions[bot]"
BOTH = {"Retrain": "success", "Propose": "success"}
PIPELINE = """
    stages:
      train:
        cmd: python3 train.py
        deps: [train.py, rows.txt]
        outs: [model.json]
        metrics: [{metrics.json: {cache: false}}]
    artifacts:
      churn: {path: model.json, type: model}
    """
TRAIN = """
    import json
    import os
    import pathlib

    assert "ghs_" not in str(os.environ)
    rows = pathlib.Path("rows.txt").read_text().split()
    pathlib.Path("model.json").write_text(json.dumps({"rows": rows}))
    pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": 0.8 + len(rows) / 100}))
    """
POLICY = """
    version: 1
    metrics: {accuracy: {goal: maximize}}
    registry: {kind: none}
    environments:
      dev: {branch: dev, gates: [{metric: accuracy, max-drop: 0, against: live}]}
    training: {refresh: dvc-update}
    """


def feed(consumer: Consumer, rows: str) -> None:
    """What the place that the data is imported from has now."""
    (consumer.clone.parent / "feed.txt").write_text(rows)


@pytest.fixture
def trained(stage: Stage) -> Stage:
    """A model is live in dev that was trained on an import of one row."""
    consumer = stage.consumer
    consumer.git("checkout", "--quiet", "-B", "dev", "origin/main")
    for name, text in {"dvc.yaml": PIPELINE, "train.py": TRAIN, "mlops.yaml": POLICY}.items():
        (consumer.clone / name).write_text(dedent(text).lstrip("\n"))
    for name in ("model.json", "metrics.json", "dvc.lock"):
        (consumer.clone / name).unlink()
    feed(consumer, "one\n")
    consumer.run("dvc", "import-url", "--quiet", str(consumer.clone.parent / "feed.txt"), "rows.txt")
    consumer.run(str(BIN / "mlops-kit"), "reproduce", "--push")
    consumer.publish("dev")
    consumer.run(str(BIN / "mlops-kit"), "reconcile", "dev")
    return replace(stage, secrets={"HEARTBEAT_URL": f"{stage.api_url}/sign-of-life"})


def retrain(stage: Stage, *, run_id: int) -> Run:
    """What GitHub runs when a scheduler dispatches."""
    event = {"action": "retrain", "client_payload": {"request": f"r{run_id}"}}
    return stage.run("retrain.yml", "repository_dispatch", event, run_id=run_id)


def test_an_import_that_grew_becomes_one_pull_request_however_often_it_is_asked(
    trained: Stage, github: FakeGitHub
) -> None:
    idle = retrain(trained, run_id=1)
    assert (idle.code, idle.jobs) == (0, BOTH), idle.text
    assert github.pulls == {}

    feed(trained.consumer, "one\ntwo\n")
    first = retrain(trained, run_id=2)

    assert (first.code, first.jobs) == (0, BOTH), first.text
    (pull,) = github.pulls.values()
    assert pull["author"] == KIT
    assert str(pull["body"]).startswith("The data is not what the live model was trained on: rows.txt.")
    branch = str(pull["head_branch"])
    trained.consumer.git("fetch", "--quiet", "origin")
    changed = trained.consumer.git("diff", "--name-only", "origin/dev", f"origin/{branch}").splitlines()
    assert changed == ["dvc.lock", "metrics.json", "rows.txt.dvc"]

    again = retrain(trained, run_id=3)
    assert (again.code, again.jobs) == (0, BOTH), again.text
    assert "was trained and proposed already" in again.text
    assert list(github.pulls) == [1]
    assert TOKEN not in idle.text + first.text + again.text
