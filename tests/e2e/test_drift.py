"""The drift workflow as shipped, called on its schedule, under act: one issue follows the data of an environment."""

import random
from dataclasses import replace
from textwrap import dedent

import pytest

from tests.e2e.act import TOKEN, Run, Stage
from tests.e2e.consumer import BIN
from tests.fakes.github import FakeGitHub

PIPELINE = """
    stages:
      train:
        cmd: cp rows.csv model.csv
        deps: [rows.csv]
        outs: [model.csv]
    artifacts:
      churn: {path: model.csv, type: model}
    """
POLICY = """
    version: 1
    registry: {kind: none}
    environments: {production: {branch: production}}
    """
WORDS = "data/train.csv --current s3://live/predictions/"


def table(*, shift: float, seed: int) -> str:
    made = random.Random(seed)  # noqa: S311 - made-up data
    return "\n".join(["amount,day", *(f"{made.gauss(50 + shift, 10):.3f},{n % 7}" for n in range(800)), ""])


@pytest.fixture
def watched(stage: Stage) -> Stage:
    """A model is live in production that was trained on a table which DVC tracks."""
    consumer = stage.consumer
    consumer.git("checkout", "--quiet", "-B", "production", "origin/main")
    for name, text in {"dvc.yaml": PIPELINE, "mlops.yaml": POLICY}.items():
        (consumer.clone / name).write_text(dedent(text).lstrip("\n"))
    for name in ("model.json", "metrics.json", "dvc.lock"):
        (consumer.clone / name).unlink()
    (consumer.clone / "rows.csv").write_text(table(shift=0, seed=1))
    consumer.run("dvc", "add", "--quiet", "rows.csv")
    consumer.run("dvc", "push", "--quiet")
    consumer.run(str(BIN / "mlops-kit"), "reproduce", "--push")
    called = consumer.clone / ".github" / "workflows" / "drift.yml"
    example = called.read_text()
    assert WORDS in example
    called.write_text(example.replace(WORDS, "rows.csv --current new").replace("drift s3", "drift"))
    consumer.publish("production")
    consumer.run(str(BIN / "mlops-kit"), "reconcile", "production")
    return replace(stage, secrets={"HEARTBEAT_URL": f"{stage.api_url}/sign-of-life"})


def meet(stage: Stage, *, shift: float, run_id: int) -> Run:
    """What the environment's model meets on a day, and what the schedule finds."""
    consumer = stage.consumer
    (consumer.clone / "new").mkdir(exist_ok=True)
    (consumer.clone / "new" / "day.csv").write_text(table(shift=shift, seed=run_id))
    consumer.publish("production")
    consumer.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main")
    return stage.run("drift.yml", "schedule", {"schedule": "43 5 * * *"}, run_id=run_id)


def test_an_issue_opens_with_the_drift_and_closes_with_its_end(watched: Stage, github: FakeGitHub) -> None:
    calm = meet(watched, shift=0, run_id=2)
    assert (calm.code, calm.jobs) == (0, {"Drift": "success"}), calm.text
    assert not github.issues
    drifted = meet(watched, shift=20, run_id=3)
    assert (drifted.code, drifted.jobs) == (0, {"Drift": "success"}), drifted.text
    assert [(one["title"], one["state"]) for one in github.issues.values()] == [
        ("Data of production has drifted", "open")
    ]
    meet(watched, shift=0, run_id=4)
    assert [one["state"] for one in github.issues.values()] == ["closed"]
    assert TOKEN not in calm.text + drifted.text
