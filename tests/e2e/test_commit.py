"""The lock comes back: the review workflow as shipped commits what its runner reproduced, under act."""

import shutil
import subprocess

from tests.e2e.act import Stage
from tests.e2e.consumer import BIN, Consumer
from tests.e2e.test_review import KIT, open_pull_request, review
from tests.fakes.github import FakeGitHub

ALL = {"Begin": "success", "Reproduce": "success", "Commit": "success", "Comment": "success"}


def change_unreproduced(consumer: Consumer, branch: str, *, rate: float) -> str:
    """A commit that changes a parameter and leaves the lock as it is; its name."""
    consumer.git("checkout", "--quiet", "-B", branch, "origin/main")
    (consumer.clone / "params.json").write_text(f'{{"rate": {rate}}}\n')
    return consumer.publish(branch)


SCORE = """\
import json, sys
rate = json.load(open(sys.argv[1]))["rate"]
json.dump({"accuracy": round(1 - abs(rate - 0.1), 4)}, open(sys.argv[2], "w"))
"""
EVALUATE = """\
registry: {kind: none}
evaluate:
  churn: {command: "python3 score.py {model} {metrics}", metrics: metrics.json}
"""


def go_live(consumer: Consumer) -> None:
    """The model of main runs in dev, and main says how another is scored beside it."""
    policy = consumer.clone / "mlops.yaml"
    policy.write_text(policy.read_text() + EVALUATE)
    (consumer.clone / "score.py").write_text(SCORE)
    consumer.publish("main")
    consumer.git("push", "--quiet", "origin", "main:dev")
    consumer.git("fetch", "--quiet", "origin")
    consumer.run(str(BIN / "mlops-kit"), "reconcile", "dev")


def test_a_lock_that_nobody_reproduced_is_committed_and_a_second_run_has_nothing_to_do(
    stage: Stage, github: FakeGitHub
) -> None:
    consumer = stage.consumer
    go_live(consumer)
    head = change_unreproduced(consumer, "feature", rate=0.12)

    first = review(stage, open_pull_request(stage, github, head), run_id=1)

    assert (first.code, first.jobs) == (0, ALL), first.text
    made = consumer.head("feature")
    assert consumer.git("fetch", "--quiet", "origin") == ""
    assert consumer.git("rev-parse", f"{made}^") == head
    assert consumer.git("show", "--no-patch", "--format=%an", made) == KIT
    assert consumer.git("diff", "--name-only", head, made).splitlines() == [
        "dvc.lock",
        "evaluations/dev/churn.json",
        "metrics.json",
    ]
    (body,) = github.bodies(author=KIT)
    assert f"head={made}" in body.splitlines()[0]
    assert "committed to the branch by the workflow's own token" in body
    assert "| <code>accuracy</code> | 0.9 | 0.98 | +0.08 |" in body
    assert github.checks() == [(head, "mlops-kit", "success"), (made, "mlops-kit", "success")]
    assert pulled_status(consumer, made) == "Data and pipelines are up to date."

    second = review(stage, open_pull_request(stage, github, made), run_id=2)

    assert (second.code, second.jobs) == (0, ALL), second.text
    assert consumer.head("feature") == made
    assert "nothing to do: the branch has what the runner reproduced" in second.text
    assert github.checks()[-1] == (made, "mlops-kit", "success")


def test_a_fork_gets_no_commit(stage: Stage, github: FakeGitHub) -> None:
    head = change_unreproduced(stage.consumer, "feature", rate=0.12)

    run = review(stage, open_pull_request(stage, github, head, head_repository="mallory/churn"))

    assert "Commit" not in {name for name, result in run.jobs.items() if result != "skipped"}
    assert stage.consumer.head("feature") == head


def pulled_status(consumer: Consumer, commit: str) -> str:
    """What `dvc status` says in a fresh clone at a commit, after `dvc pull`."""
    clone = consumer.clone.parent / "reviewer"
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", consumer.origin, clone], check=True)

    def call(*words: str) -> str:
        done = subprocess.run(words, cwd=clone, env=consumer.variables, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    call("git", "checkout", "--quiet", "--detach", commit)
    call("dvc", "pull", "--quiet")
    return call("dvc", "status")
