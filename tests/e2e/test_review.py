"""The review workflow as shipped, called as the example calls it, under act."""

from tests.e2e.act import TOKEN, Run, Stage
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account

KIT = "github-actions[bot]"
JOBS = {"Begin": "success", "Reproduce": "success", "Commit": "success", "Comment": "success"}
REFUSED = {**JOBS, "Comment": "failure"}
WITHOUT_COMMIT = {name: result for name, result in JOBS.items() if name != "Commit"}


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
    assert github.checks() == [(first, "mlops-kit", "success"), (second, "mlops-kit", "success")]
    assert github.statuses == []
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


def test_a_missing_permission_is_named(stage: Stage, github: FakeGitHub) -> None:
    github.accounts[TOKEN] = Account(login=KIT, permissions=frozenset())
    head = stage.consumer.head("better")

    run = review(stage, open_pull_request(stage, github, head))

    assert (run.code, run.jobs) == (1, {**REFUSED, "Begin": "failure"})
    assert "the token needs the permission `pull-requests: write`" in run.text
    assert "accuracy" in run.summary


def test_a_change_cannot_loosen_its_own_gate(stage: Stage, github: FakeGitHub) -> None:
    stage.consumer.git("checkout", "--quiet", "-B", "looser", "origin/worse")
    policy = stage.consumer.clone / "mlops.yaml"
    policy.write_text(policy.read_text().replace("min: 0.85", "min: 0.1"))
    head = stage.consumer.publish("looser")

    run = review(stage, open_pull_request(stage, github, head, base_branch="staging"))

    assert run.jobs == REFUSED
    assert github.checks() == [(head, "mlops-kit", "failure")]


def test_a_failing_stage_is_told_in_the_comment_and_the_check(stage: Stage, github: FakeGitHub) -> None:
    (stage.consumer.clone / "train.py").write_text("raise SystemExit(3)\n")
    head = stage.consumer.publish("broken")

    run = review(stage, open_pull_request(stage, github, head))

    assert (run.code, run.jobs) == (1, {**WITHOUT_COMMIT, "Reproduce": "failure", "Comment": "failure"}), run.text
    (body,) = github.bodies(author=KIT)
    assert "stage train failed, so what is below is not what this change would give" in body
    assert "exit status 3" in body
    assert [(name, state, output["title"]) for name, state, output in ends(github)] == [
        (
            "mlops-kit",
            "failure",
            "❌ Not ready for dev: stage train failed, so what is below is not what this change would give.",
        )
    ]


def test_a_pipeline_that_cannot_be_read_ends_the_check_and_the_comment_says_so(
    stage: Stage, github: FakeGitHub
) -> None:
    (stage.consumer.clone / "dvc.yaml").write_text("stages: [\n")
    head = stage.consumer.publish("unreadable")

    run = review(stage, open_pull_request(stage, github, head))

    assert (run.code, run.jobs) == (1, {**WITHOUT_COMMIT, "Reproduce": "failure"}), run.text
    (body,) = github.bodies(author=KIT)
    assert "No report" in body
    assert github.checks() == [(head, "mlops-kit", "failure")]


def test_a_refused_commit_is_accepted_by_hand_and_the_job_is_green(stage: Stage, github: FakeGitHub) -> None:
    head = stage.consumer.head("worse")
    event = open_pull_request(stage, github, head, base_branch="staging")
    github.pulls[7]["labels"] = ["mlops-kit-override"]
    github.roles["ada"] = "write"
    github.add_comment(7, f"mlops-kit override {head[:12]}: known and wanted", author="ada")

    run = review(stage, event)

    assert (run.code, run.jobs) == (0, JOBS), run.text
    assert [(name, state, output["title"]) for name, state, output in ends(github)] == [
        ("mlops-kit", "success", "⚠️ Accepted for staging by ada, although accuracy is 0.7, under the minimum 0.85.")
    ]


def test_a_merge_group_gets_the_check_and_no_comment(stage: Stage, github: FakeGitHub) -> None:
    head, base = stage.consumer.head("better"), stage.consumer.head("dev")
    group = {
        "head_sha": head,
        "head_ref": f"refs/heads/gh-readonly-queue/dev/pr-7-{base}",
        "base_sha": base,
        "base_ref": "refs/heads/dev",
    }
    repository = {"full_name": github.repository, "name": "churn", "owner": {"login": "acme"}}

    run = stage.run(
        "review.yml",
        "merge_group",
        {"action": "checks_requested", "merge_group": group, "repository": repository},
    )

    assert (run.code, run.jobs) == (0, WITHOUT_COMMIT), run.text
    assert github.checks() == [(head, "mlops-kit", "success")]
    assert github.comments == {}


def test_a_forks_report_is_posted_by_the_workflow_that_runs_after(stage: Stage, github: FakeGitHub) -> None:
    head = stage.consumer.head("better")
    event = open_pull_request(stage, github, head, head_repository="mallory/churn")
    github.pulls[7]["head_repository"] = "mallory/churn"

    first = stage.run("review-untrusted.yml", "pull_request", event)
    assert (first.code, github.log) == (0, []), first.text
    second = stage.run("review-post.yml", "workflow_run", finished_run(github, head))

    assert second.code == 0, second.text
    (body,) = github.bodies(author=KIT)
    assert f"head={head}" in body
    assert github.checks() == [(head, "mlops-kit", "success")]


def finished_run(github: FakeGitHub, head: str) -> dict[str, object]:
    """The event of the second workflow: a fork's run of the first one is over."""
    repository = {"full_name": github.repository, "name": "churn", "owner": {"login": "acme"}}
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


def ends(github: FakeGitHub) -> list[tuple[str, str, dict[str, str]]]:
    """Name, state and output of every check run."""
    return [
        (name, state, run["output"])
        for (_, name, state), (_, run) in zip(github.checks(), sorted(github.check_runs.items()), strict=True)
    ]
