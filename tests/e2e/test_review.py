"""The review workflow as shipped, called as the example calls it, under act."""

from tests.e2e.act import TOKEN, Run, Stage
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

KIT = "github-actions[bot]"
JOBS = {"Reproduce": "success", "Comment": "success"}


def open_pull_request(stage: Stage, github: FakeGitHub, head: str, **wanted: str) -> dict[str, object]:
    """Pull request 7 of a head, onto dev unless told otherwise, at the server and as the event's payload."""
    base_branch = wanted.get("base_branch", "dev")
    base = stage.consumer.head(base_branch)
    repository = {"full_name": github.repository}
    origin = {"full_name": wanted.get("head_repository", github.repository)}
    branch = wanted.get("branch", "feature")
    github.add_pull_request(7, head=head, base=base, head_branch=branch, base_branch=base_branch)
    return {
        "action": "synchronize",
        "number": 7,
        "repository": {**repository, "name": "churn", "owner": {"login": "acme"}},
        "pull_request": {
            "number": 7,
            "title": wanted.get("title", "another rate"),
            "head": {"ref": branch, "sha": head, "repo": origin},
            "base": {"ref": base_branch, "sha": base, "repo": repository},
        },
    }


def review(stage: Stage, event: dict[str, object], *, run_id: int = 1) -> Run:
    return stage.run("review.yml", "pull_request", event, run_id=run_id)


def test_two_pushes_keep_one_comment_and_set_the_check(stage: Stage, github: FakeGitHub) -> None:
    first = stage.consumer.head("better")
    run = review(stage, open_pull_request(stage, github, first), run_id=1)
    assert (run.code, run.jobs) == (0, JOBS), run.text
    (before,) = github.bodies(author=KIT)

    second = stage.consumer.change("feature", rate=0.12)
    run = review(stage, open_pull_request(stage, github, second), run_id=2)
    assert (run.code, run.jobs) == (0, JOBS), run.text
    (after,) = github.bodies(author=KIT)

    assert f"head={first}" in before
    assert f"head={second}" in after
    assert "0.98" in after
    assert [(status["sha"], status["context"], status["state"]) for status in github.statuses] == [
        (first, "mlops-kit", "success"),
        (second, "mlops-kit", "success"),
    ]
    assert TOKEN not in run.text + run.summary + after
    assert "***" not in run.text
    assert "accuracy" in run.summary


def test_a_fork_never_reaches_a_runner_of_ones_own(stage: Stage, github: FakeGitHub) -> None:
    workflow = stage.consumer.clone / ".github/workflows/review.yml"
    workflow.write_text(workflow.read_text() + '      runner: \'["self-hosted", "gpu"]\'\n')
    head = stage.consumer.git("rev-parse", "HEAD")

    run = review(stage, open_pull_request(stage, github, head, head_repository="mallory/churn"))

    assert (run.code, run.jobs) == (0, {})
    assert github.writes() == []


def test_a_forks_report_falls_back_to_the_summary_page(stage: Stage, github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login=KIT, permissions=frozenset())
    head = stage.consumer.head("better")

    run = review(stage, open_pull_request(stage, github, head, head_repository="mallory/churn"))

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert "accuracy" in run.summary
    assert "::warning::" in run.text or "on this run's summary page only" in run.text
    assert github.writes() == []


def test_a_missing_permission_is_named(stage: Stage, github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login=KIT, permissions=frozenset())
    head = stage.consumer.head("better")

    run = review(stage, open_pull_request(stage, github, head))

    assert (run.code, run.jobs) == (1, {"Reproduce": "success", "Comment": "failure"})
    assert "the token needs the permission `pull-requests: write`" in run.text
    assert "accuracy" in run.summary


def test_titles_and_branches_are_never_run(stage: Stage, github: FakeGitHub) -> None:
    head = stage.consumer.head("better")
    event = open_pull_request(
        stage,
        github,
        head,
        title='x"; touch PWNED; ${{ secrets.GITHUB_TOKEN }} "',
        branch="feat/$(touch${IFS}PWNED)`id`",
    )

    run = review(stage, event)

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert list(stage.folder.rglob("PWNED*")) == []
    assert TOKEN not in run.text


def test_a_worse_model_makes_the_check_red_after_it_was_said(stage: Stage, github: FakeGitHub) -> None:
    head = stage.consumer.head("worse")
    event = open_pull_request(stage, github, head, base_branch="staging")

    run = review(stage, event)

    assert (run.code, run.jobs) == (1, {"Reproduce": "success", "Comment": "failure"}), run.text
    (body,) = github.bodies(author=KIT)
    assert "0.7 is under the minimum 0.85" in body.replace("&#46;", ".")
    assert [(status["state"], status["description"]) for status in github.statuses] == [
        ("failure", "fail: 1 fail (staging)")
    ]


def test_a_change_cannot_loosen_its_own_gate(stage: Stage, github: FakeGitHub) -> None:
    stage.consumer.git("checkout", "--quiet", "-B", "looser", "origin/worse")
    policy = stage.consumer.clone / "mlops.yaml"
    policy.write_text(policy.read_text().replace("min: 0.85", "min: 0.1"))
    head = stage.consumer.publish("looser")

    run = review(stage, open_pull_request(stage, github, head, base_branch="staging"))

    assert run.jobs == {"Reproduce": "success", "Comment": "failure"}
    assert [status["state"] for status in github.statuses] == ["failure"]


def test_a_failing_stage_is_told_in_the_comment_and_the_check(stage: Stage, github: FakeGitHub) -> None:
    (stage.consumer.clone / "train.py").write_text("raise SystemExit(3)\n")
    head = stage.consumer.publish("broken")

    run = review(stage, open_pull_request(stage, github, head))

    assert (run.code, run.jobs) == (1, {"Reproduce": "failure", "Comment": "failure"}), run.text
    (body,) = github.bodies(author=KIT)
    assert "stage train failed, so what is below is not what this change would give" in body
    assert "exit status 3" in body
    assert [(status["state"], status["description"]) for status in github.statuses] == [
        ("failure", "fail: stage train failed")
    ]
