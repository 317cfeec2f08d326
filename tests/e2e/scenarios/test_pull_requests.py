"""What happens to pull requests."""

import json

from tests.e2e.scenarios.job_tokens import BOT
from tests.e2e.scenarios.scene import Scene, comments, open_pull_request, review
from tests.e2e.test_review import JOBS, REFUSED, WITHOUT_COMMIT, ends
from tests.fakes.github import Fault


def marker(head: str, *, run: int) -> str:
    """The comment that an earlier run left."""
    return f"<!-- mlops-kit:report:v1 id=report run={run} attempt=1 head={head} -->\n### an earlier report"


def better(scene: Scene, **wanted: str) -> dict[str, object]:
    """A pull request that makes the metric better."""
    return open_pull_request(scene, scene.stage.consumer.head("better"), **wanted)


def test_a_pull_request_is_reproduced_reported_and_checked(scene: Scene) -> None:
    run = review(scene, better(scene))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert len(comments(scene)) == 1
    assert "accuracy is better" in run.summary


def test_a_forks_token_cannot_write_and_the_report_is_on_the_summary_page(scene: Scene) -> None:
    scene.fork = True

    run = review(scene, better(scene, source="mallory/churn"))

    assert (run.code, run.jobs) == (0, WITHOUT_COMMIT), run.text
    assert "on this run's summary page only" in run.text
    assert "accuracy is better" in run.summary
    assert scene.github.writes() == []


def test_a_pull_request_that_removes_the_pipeline_gets_a_comment_that_says_so(scene: Scene) -> None:
    for name in ("dvc.yaml", "dvc.lock"):
        (scene.stage.consumer.clone / name).unlink()
    head = scene.stage.consumer.publish("without")

    run = review(scene, open_pull_request(scene, head))

    assert (run.code, run.jobs) == (1, {**WITHOUT_COMMIT, "Reproduce": "failure"}), run.text


def test_the_first_pull_request_has_nothing_to_compare_with_and_is_reported(scene: Scene) -> None:
    consumer = scene.stage.consumer
    for name in ("dvc.yaml", "dvc.lock", "metrics.json", "mlops.yaml"):
        (consumer.clone / name).unlink()
    consumer.publish("dev")

    run = review(scene, better(scene))

    assert (run.code, run.jobs) == (0, JOBS), run.text


def test_a_gate_that_refuses_makes_the_check_red_after_the_comment(scene: Scene) -> None:
    run = review(scene, open_pull_request(scene, scene.stage.consumer.head("worse"), onto="staging"))

    assert (run.code, run.jobs) == (1, REFUSED), run.text
    assert "exit status 4" in run.text
    assert "is 0.7, under the minimum 0.85" in run.summary
    (body,) = comments(scene)
    assert "0.7 is under the minimum 0.85" in body.replace("&#46;", ".")
    assert [(name, state, output["title"]) for name, state, output in ends(scene.github)] == [
        ("mlops-kit", "failure", "❌ Not ready for staging: accuracy is 0.7, under the minimum 0.85.")
    ]


def test_a_pull_request_closed_unmerged_is_not_reproduced_and_its_pictures_go(scene: Scene) -> None:
    event = better(scene, action="closed")
    scene.github.pulls[7]["state"] = "closed"
    scene.github.refs["heads/mlops-kit/pictures/7"] = "c" * 40

    run = review(scene, event)

    assert (run.code, run.jobs) == (0, {"Prune": "success"}), run.text
    assert scene.github.refs == {}


def test_an_event_that_is_delivered_again_writes_no_second_comment(scene: Scene) -> None:
    event = better(scene)
    workflow = scene.stage.consumer.clone / ".github/workflows/review.yml"
    workflow.write_text(workflow.read_text() + "      arguments: --pull\n")  # no stage runs: reports tell no seconds
    first = review(scene, event)
    (before,) = comments(scene)

    again = review(scene, event)

    assert (first.code, again.code) == (0, 0), again.text
    assert comments(scene) == [before]


def test_the_run_of_an_older_push_that_ends_last_leaves_the_newer_report_alone(scene: Scene) -> None:
    newer = marker(scene.stage.consumer.head("worse"), run=2)
    event = better(scene)
    scene.github.pulls[7]["head"] = scene.stage.consumer.head("worse")
    scene.github.add_comment(7, newer, author=BOT)

    run = review(scene, event, run_id=1)

    assert (run.code, run.jobs) == (1, REFUSED), run.text
    assert "exit status 8" in run.text
    assert comments(scene) == [newer]


def test_a_comment_that_is_deleted_meanwhile_is_made_again(scene: Scene) -> None:
    event = better(scene)
    scene.github.add_comment(7, marker(scene.stage.consumer.head("dev"), run=1), author=BOT)
    scene.github.fail(Fault(method="PATCH", path="/issues/comments/", erase=BOT))

    run = review(scene, event, run_id=2)

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert len(comments(scene)) == 1


def test_of_two_comments_that_a_race_made_one_stays(scene: Scene) -> None:
    event = better(scene)
    for run_id in (1, 2):
        scene.github.add_comment(7, marker(scene.stage.consumer.head("dev"), run=run_id), author=BOT)

    run = review(scene, event, run_id=3)

    assert (run.code, run.jobs) == (0, JOBS), run.text
    (body,) = comments(scene)
    assert "run=3" in body


def test_a_report_of_thousands_of_metrics_is_cut_to_what_github_takes(scene: Scene) -> None:
    consumer = scene.stage.consumer
    consumer.git("checkout", "--quiet", "-B", "long", "origin/better")
    train = consumer.clone / "train.py"
    train.write_text(
        train.read_text().replace('"accuracy":', '**{f"part{n:05}": n * rate for n in range(3000)}, "accuracy":')
    )
    head = consumer.publish("long")

    run = review(scene, open_pull_request(scene, head))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    (body,) = comments(scene)
    assert len(body) <= 60_000
    assert "accuracy" in body
    assert len(json.dumps(scene.github.check_runs[1]["output"]["summary"])) <= 13_000
