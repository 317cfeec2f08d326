"""A repository that knew nothing of the kit: `init --yes`, a commit, and what it wrote runs as it is.

The pipeline has the shape of DVC's own tutorial: prepare, featurize, train and evaluate, with params, plots and a
requirements file, and no word of the kit.
"""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from tests.e2e.act import TOKEN, Run, Stage
from tests.e2e.consumer import BIN, Consumer, clean_variables
from tests.e2e.test_promote import aliases, tags
from tests.e2e.test_review import KIT, open_pull_request
from tests.fakes.github import FakeGitHub

FILES = {
    "src/prepare.py": """
        import pathlib, sys, yaml
        split = yaml.safe_load(open("params.yaml"))["prepare"]["split"]
        rows = pathlib.Path(sys.argv[1]).read_text().split()
        pathlib.Path("data/prepared").mkdir(parents=True, exist_ok=True)
        cut = int(len(rows) * split)
        pathlib.Path("data/prepared/train.txt").write_text("\\n".join(rows[cut:]))
        pathlib.Path("data/prepared/test.txt").write_text("\\n".join(rows[:cut]))
        """,
    "src/train.py": """
        import json, pathlib, yaml
        depth = yaml.safe_load(open("params.yaml"))["train"]["depth"]
        rows = len(pathlib.Path("data/prepared/train.txt").read_text().split())
        pathlib.Path("model.pkl").write_text(json.dumps({"depth": depth, "rows": rows}))
        """,
    "src/evaluate.py": """
        import json, pathlib
        model = json.loads(pathlib.Path("model.pkl").read_text())
        pathlib.Path("eval").mkdir(exist_ok=True)
        score = {"avg_prec": 0.9 + model["depth"] / 100, "roc_auc": 0.95, "loss": 1 / model["depth"]}
        pathlib.Path("eval/metrics.json").write_text(json.dumps(score))
        points = [{"recall": n / 4, "precision": 1 - n / 8} for n in range(5)]
        pathlib.Path("eval/prc.json").write_text(json.dumps(points))
        """,
    "params.yaml": """
        prepare: {split: 0.2, seed: 20170428}
        train: {seed: 20170428, depth: 4}
        """,
    "requirements.txt": "# nothing that is not there\n",
    "dvc.yaml": """
        stages:
          prepare:
            cmd: python src/prepare.py data/data.txt
            deps: [data/data.txt, src/prepare.py]
            params: [prepare.seed, prepare.split]
            outs: [data/prepared]
          train:
            cmd: python src/train.py
            deps: [data/prepared, src/train.py]
            params: [train]
            outs: [model.pkl]
          evaluate:
            cmd: python src/evaluate.py
            deps: [model.pkl, src/evaluate.py]
            metrics: [{eval/metrics.json: {cache: false}}]
            plots: [{eval/prc.json: {cache: false, x: recall, y: precision}}]
        artifacts:
          text-classification: {path: model.pkl, type: model, desc: Detects questions about R}
        """,
}


@pytest.fixture
def newcomer(tmp_path: Path) -> Consumer:
    """A team's repository on its server: a pipeline that was run by DVC, and nothing else."""
    folder = tmp_path / "work"
    home = folder / "home"
    home.mkdir(parents=True)
    variables = clean_variables(home)
    consumer = Consumer(
        clone=folder / "tutorial", origin=folder / "origin.git", registry=folder / "mlflow.db",
        variables={**variables, "PATH": f"{BIN}:{variables['PATH']}"},
    )  # fmt: skip
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", consumer.origin], check=True)
    subprocess.run(["git", "clone", "--quiet", consumer.origin, consumer.clone], check=True, capture_output=True)
    consumer.git("checkout", "--quiet", "-B", "main")
    consumer.git("remote", "add", "github", "https://github.com/acme/churn")
    for name, text in FILES.items():
        path = consumer.clone / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    consumer.run("dvc", "init", "--quiet")
    consumer.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(folder / "store"))
    (consumer.clone / "data").mkdir()
    (consumer.clone / "data/data.txt").write_text("\n".join(map(str, range(50))))
    consumer.run("dvc", "add", "--quiet", "data/data.txt")
    reproduce(consumer)
    consumer.publish("main")
    return consumer


def reproduce(consumer: Consumer) -> None:
    consumer.run("dvc", "repro", "--quiet")
    consumer.run("dvc", "push", "--quiet")


@pytest.fixture
def started(newcomer: Consumer, prepared_kit: Path, github: FakeGitHub, tmp_path: Path) -> Stage:
    """The repository after `init --yes`, with everything done that its output says is left to do."""
    told = newcomer.run("mlops-kit", "init", "--yes")
    newcomer.publish("main")
    for line in told.splitlines():
        if line.strip().startswith(("git fetch", "git push origin origin/main")):
            newcomer.git(*line.split()[1:])
    workflow = yaml.safe_load((newcomer.clone / ".github/workflows/mlops.yml").read_text())
    pin = workflow["jobs"]["promote"]["uses"].partition("@")[2]
    return Stage(
        consumer=newcomer, kit=prepared_kit, api_url=github.url, folder=tmp_path, pins=(pin,),
        secrets={"MLFLOW_TRACKING_URI": f"sqlite:///{newcomer.registry}"},
    )  # fmt: skip


def push(stage: Stage, branch: str) -> Run:
    consumer = stage.consumer
    consumer.git("fetch", "--quiet", "origin")
    consumer.git("checkout", "--quiet", "-B", branch, f"origin/{branch}")
    commit = consumer.git("rev-parse", "HEAD")
    return stage.run("mlops.yml", "push", {"ref": f"refs/heads/{branch}", "after": commit})


def propose(stage: Stage, *, depth: int) -> str:
    """A branch with another parameter, reproduced with DVC alone; its head."""
    consumer = stage.consumer
    consumer.git("checkout", "--quiet", "-B", "feature", "origin/main")
    params = consumer.clone / "params.yaml"
    params.write_text(params.read_text().replace("depth: 4", f"depth: {depth}"))
    reproduce(consumer)
    return consumer.publish("feature")


def test_what_init_writes_runs_from_a_pull_request_to_the_alias_of_production(
    started: Stage, github: FakeGitHub
) -> None:
    head = propose(started, depth=6)
    event = open_pull_request(started, github, head)

    review = started.run("mlops.yml", "pull_request", event)

    done = dict.fromkeys(("Begin", "Reproduce", "Commit", "Comment"), "success")
    assert (review.code, review.jobs) == (0, done), review.text
    (comment,) = github.bodies(author=KIT)
    assert "avg&#95;prec" in comment or "avg_prec" in comment
    assert f"head={head}" in comment
    assert github.checks() == [(head, "mlops-kit", "success")]

    for environment in ("dev", "staging", "production"):
        started.consumer.git("push", "--quiet", "origin", f"{head}:refs/heads/{environment}")
        run = push(started, environment)
        assert (run.code, run.jobs) == (0, {"Promote": "success"}), run.text
        assert TOKEN not in run.text

    assert aliases(started) == {"dev": 1, "staging": 1, "production": 1}
    assert tags(started) == [f"mlops/text-classification/{name}/000001" for name in ("dev", "production", "staging")]

    heartbeat = started.run("mlops.yml", "schedule", {"schedule": "17 * * * *"})
    assert (heartbeat.code, heartbeat.jobs) == (0, {"Reconcile": "success"}), heartbeat.text
    assert aliases(started) == {"dev": 1, "staging": 1, "production": 1}
    registry = f"MLFLOW_TRACKING_URI={started.secrets['MLFLOW_TRACKING_URI']}"
    status = started.consumer.run("env", registry, "mlops-kit", "status", "--format", "json")
    assert {one["sync"] for one in json.loads(status)["environments"].values()} == {"Synced"}


def test_one_file_answers_each_event_with_one_job(started: Stage) -> None:
    workflow = started.consumer.clone / ".github/workflows/mlops.yml"
    assert len(workflow.read_text().splitlines()) <= 30
    nothing = replace(started, secrets={}).run("mlops.yml", "issues", {})
    assert nothing.jobs == {}
