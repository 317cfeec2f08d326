"""What a pull request tries by its names, its files and its stages."""

import json

import pytest

from tests.e2e.act import Run
from tests.e2e.scenarios.scene import Scene, comments, open_pull_request, review
from tests.e2e.test_review import JOBS

TRICKS = (
    'x"; touch PWNED; "',
    "$(touch PWNED)",
    "`touch PWNED`",
    "${{ github.token }}",
    "::error::PWNED",
    "@acme/team",
    "<img src=x onerror=alert(1)>",
)
INJECTION = """
import json, os, pathlib
for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"):
    if file := os.environ.get(name):
        pathlib.Path(file).open("a").write("pwned=yes\\n")
print("::set-output name=pwned::yes")
print("::error::PWNED")
print("::stop-commands::guess")
print("::add-mask::accuracy")
found = [
    name for name, value in os.environ.items()
    if value and ("TOKEN" in name or name.startswith("ACTIONS_") or name == "GITHUB_OUTPUT")
]
pathlib.Path("model.json").write_text("{}")
pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": 0.95, **{f"sees {name}": 1 for name in found}}))
"""


def assert_harmless(scene: Scene, run: Run) -> None:
    """Nothing ran, nobody was called, no command of a workflow was obeyed."""
    assert list(scene.stage.folder.rglob("PWNED*")) == []
    assert "❗  ::error::PWNED" not in run.text
    for text in (*comments(scene), run.summary, json.dumps(scene.github.check_runs)):
        assert "<img" not in text
        assert "@acme/team" not in text


def test_a_title_is_never_run(scene: Scene) -> None:
    run = review(scene, open_pull_request(scene, scene.stage.consumer.head("better"), title=" ".join(TRICKS)))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert_harmless(scene, run)


def test_the_name_of_a_branch_is_never_run(scene: Scene) -> None:
    branch = "feat/" + "".join(TRICKS).replace(" ", "${IFS}").replace(":", "")  # git allows no colon

    run = review(scene, open_pull_request(scene, scene.stage.consumer.head("better"), branch=branch))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert_harmless(scene, run)


def test_the_name_of_a_metric_is_shown_and_never_run(scene: Scene) -> None:
    train = scene.stage.consumer.clone / "train.py"
    names = dict.fromkeys(TRICKS, 1.5)
    train.write_text(train.read_text().replace('"accuracy":', f'**{names!r}, "accuracy":'))

    run = review(scene, open_pull_request(scene, scene.stage.consumer.publish("names")))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert_harmless(scene, run)
    assert "touch PWNED" in run.summary


def test_a_metric_that_is_a_link_out_of_the_repository_shows_nothing_of_what_it_leads_to(scene: Scene) -> None:
    consumer, secret = scene.stage.consumer, scene.stage.folder / "secret.json"
    secret.write_text('{"canary": 4711}')
    consumer.git("checkout", "--quiet", "-B", "link", "origin/better")
    (consumer.clone / "metrics.json").unlink()
    (consumer.clone / "metrics.json").symlink_to(secret)

    run = review(scene, open_pull_request(scene, consumer.publish("link")))

    assert (run.code, run.jobs["Reproduce"]) == (1, "failure"), run.text
    assert "exit status 6" in run.text
    assert secret.read_text() == '{"canary": 4711}'
    assert all("4711" not in text for text in (*comments(scene), run.text, run.summary))


def test_a_stage_can_set_no_output_and_sees_no_token(scene: Scene) -> None:
    (scene.stage.consumer.clone / "train.py").write_text(INJECTION)

    run = review(scene, open_pull_request(scene, scene.stage.consumer.publish("injection")))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert "::set-output:: pwned" not in run.text
    assert "pwned=yes" not in run.summary
    assert_harmless(scene, run)
    (body,) = comments(scene)
    assert [line for line in body.splitlines() if "<code>sees " in line] == []


@pytest.mark.parametrize(("poison", "code"), [("another_commit", 6), ("link", 6), ("sparse", 6), ("other_fields", 2)])
def test_a_poisoned_artifact_is_refused_and_nothing_is_posted(scene: Scene, poison: str, code: int) -> None:
    head = scene.stage.consumer.head("better")
    open_pull_request(scene, head, source="mallory/churn")
    report = scene.stage.folder / "artifacts" / "mlops-kit-report" / "mlops-kit-report.json"
    report.parent.mkdir(parents=True)
    if poison == "another_commit":
        scene.stage.consumer.git("checkout", "--quiet", "worse")
        scene.stage.consumer.run("mlops-kit", "report", "--base", "dev", "--format", "json", "--output", str(report))
    elif poison == "link":
        report.symlink_to("/etc/passwd")
    elif poison == "sparse":
        with report.open("wb") as file:
            file.truncate(2**33)
    else:
        report.write_text('{"pull_request": 8, "verdict": "pass", "pictures": ["../../../../etc/passwd"]}')

    run = scene.play("review-post.yml", "workflow_run", finished_run(scene, head))

    assert (run.code, run.jobs) == (1, {"comment": "failure"}), run.text
    assert f"exit status {code}" in run.text
    assert comments(scene) == []


def finished_run(scene: Scene, head: str) -> dict[str, object]:
    """The event of the half with rights: a fork's run of the half without is over."""
    repository = {"full_name": scene.github.repository, "name": "churn", "owner": {"login": "acme"}}
    return {
        "action": "completed",
        "repository": repository,
        "workflow_run": {
            "id": 1,
            "name": "Review (untrusted)",
            "event": "pull_request",
            "conclusion": "success",
            "head_sha": head,
            "head_branch": "feature",
            "head_repository": {"full_name": "mallory/churn"},
            "repository": repository,
            "pull_requests": [],
        },
    }
