"""The check of a review, accepting by hand, stale heads, and how often GitHub is asked; against the fake GitHub."""

import json
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.review.params import ParamRow
from tests.fakes.github import FakeGitHub, Fault
from tests.fakes.github_routes import Account
from tests.integration.desk import KIT, POLICY, TOKEN, Desk, git, make_desk

LABEL = "mlops-kit-override"


@pytest.fixture
def desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    return make_desk(github, tmp_path)


def the_check(desk: Desk) -> dict[str, object]:
    (run,) = desk.github.check_runs.values()
    return run


def test_the_check_is_begun_and_then_ended_by_the_report(desk: Desk) -> None:
    assert desk.run("--begin") is ExitCode.DONE
    assert desk.github.checks() == [(desk.head, "mlops-kit", "in_progress")]
    assert the_check(desk)["details_url"] == "https://github.com/acme/churn/actions/runs/5"
    assert desk.bodies() == []

    desk.write_report(0.85)
    assert desk.comment() is ExitCode.DONE

    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]
    assert the_check(desk)["details_url"] == "https://github.test/acme/churn/pull/7#issuecomment-2"


def test_the_checks_page_shows_the_reports_head(desk: Desk) -> None:
    desk.write_report(0.5)

    assert desk.comment() is ExitCode.REFUSED

    output = the_check(desk)["output"]
    assert isinstance(output, dict)
    assert output["title"] == "❌ Not ready for dev: accuracy is 0.5, under the minimum 0.8."
    assert "accuracy" in output["summary"]
    assert len(output["summary"]) <= 65_535


def test_a_warning_is_neutral(desk: Desk) -> None:
    (desk.folder / "mlops.yaml").write_text(POLICY.replace("min: 0.8", "min: 0.8, level: warn"))
    git(desk.folder, "commit", "--quiet", "--all", "-m", "only warn")
    base = git(desk.folder, "rev-parse", "HEAD")
    desk.github.add_pull_request(7, head=desk.head, base=base)
    desk.write_report(0.5)

    assert desk.comment("--pull-request", "7") is ExitCode.DONE
    assert desk.github.checks() == [(desk.head, "mlops-kit", "neutral")]


@pytest.mark.parametrize(("gap", "state"), [("failure", "failure"), ("cancelled", "cancelled")])
def test_a_report_that_never_came_is_said_where_it_would_stand(desk: Desk, gap: str, state: str) -> None:
    desk.run("--begin")

    assert desk.run("--without-report", gap) is ExitCode.DONE

    (body,) = desk.bodies()
    assert body.splitlines()[0] == f"<!-- mlops-kit:report:v1 id=report run=5 attempt=1 head={desk.head} -->"
    assert "No report" in body
    assert "(https://github.com/acme/churn/actions/runs/5)" in body
    assert desk.github.checks() == [(desk.head, "mlops-kit", state)]

    desk.write_report(0.85)
    assert desk.comment(GITHUB_RUN_ATTEMPT="2") is ExitCode.DONE
    assert len(desk.bodies()) == 1
    assert "No report" not in desk.bodies()[0]
    assert desk.github.checks()[-1] == (desk.head, "mlops-kit", "success")


def test_a_cancelled_run_of_an_older_head_leaves_the_comment_alone(desk: Desk) -> None:
    desk.write_report(0.85)
    desk.comment()
    before = desk.bodies()
    desk.github.pulls[7]["head"] = "c" * 40

    assert desk.run("--without-report", "cancelled", GITHUB_RUN_ID="6") is ExitCode.DONE

    assert desk.bodies() == before
    assert desk.github.checks()[-1] == (desk.head, "mlops-kit", "cancelled")


@pytest.mark.parametrize("words", [[], ["report.json", "--begin"], ["--begin", "--without-report", "failure"]])
def test_one_thing_is_said_at_a_time(desk: Desk, words: list[str]) -> None:
    assert desk.run(*words) is ExitCode.INPUT
    assert desk.github.log == []


def test_a_token_that_is_no_apps_sets_the_commit_status(desk: Desk) -> None:
    desk.github.accounts["ghp_person"] = Account(login="ada", is_app=False)
    desk.write_report(0.85)

    assert desk.comment(GITHUB_TOKEN="ghp_person") is ExitCode.DONE

    assert desk.github.checks() == []
    assert [(status["context"], status["state"], status["description"]) for status in desk.github.statuses] == [
        ("mlops-kit", "success", "✅ Ready for dev: its gate passes; accuracy is worse.")
    ]


def test_a_token_that_may_set_neither_is_told_the_permission(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.github.accounts[TOKEN] = Account(login=KIT, permissions=frozenset({"pull-requests: write"}))
    desk.write_report(0.85)

    assert desk.comment() is ExitCode.REFUSED
    assert "the token needs the permission `checks: write`" in capsys.readouterr().err


def test_a_fork_whose_token_may_not_write_begins_with_a_warning(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.github.accounts[TOKEN] = Account(login=KIT, permissions=frozenset())
    event = json.loads(Path(desk.variables["GITHUB_EVENT_PATH"]).read_text())
    event["pull_request"]["head"]["repo"]["full_name"] = "mallory/churn"
    desk.write_event(event)

    assert desk.run("--begin") is ExitCode.DONE
    assert "the check is not shown" in capsys.readouterr().err


def publish_head(desk: Desk, files: dict[str, str]) -> str:
    """A commit with these files at the origin, as the pull request's head and nowhere in the clone."""
    origin, work = desk.folder.parent / "origin.git", desk.folder.parent / "work"
    git(desk.folder, "clone", "--quiet", "--bare", str(desk.folder), str(origin))
    git(desk.folder, "remote", "add", "origin", str(origin))
    git(desk.folder, "clone", "--quiet", str(origin), str(work))
    for name, text in files.items():
        (work / name).write_text(text)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "head")
    git(work, "push", "--quiet", "origin", "HEAD:refs/pull/7/head")
    return git(work, "rev-parse", "HEAD")


def review_head(desk: Desk, head: str, accuracy: float, *params: ParamRow) -> list[tuple[str, int, str, str, str]]:
    desk.github.add_pull_request(7, head=head, base=desk.base)
    desk.write_report(accuracy, head=head, params=params)
    desk.comment("--pull-request", "7")
    return [
        (found["path"], found["start_line"], found["annotation_level"], found["title"], found["message"])
        for found in desk.github.check_runs[max(desk.github.check_runs)]["annotations"]
    ]


RATE = ParamRow(path="params.yaml", key="train.rate", old=0.1, new=0.2)
PARAMS = "seed: 1\ntrain:\n  depth: 3\n  rate: 0.2\n"


def test_remarks_stand_on_the_lines_of_the_head_that_nobody_checked_out(desk: Desk) -> None:
    head = publish_head(desk, {"params.yaml": PARAMS})

    assert review_head(desk, head, 0.5, RATE) == [
        ("mlops.yaml", 5, "failure", "accuracy: fail", "0.5 is under the minimum 0.8"),
        ("params.yaml", 4, "notice", "train.rate", "0.1 → 0.2"),
    ]
    assert not (desk.folder / "params.yaml").exists()
    assert git(desk.folder, "for-each-ref", "refs/pull", "refs/heads") == git(desk.folder, "for-each-ref", "refs/heads")


def test_a_gate_is_not_shown_in_a_configuration_that_it_was_not_judged_by(desk: Desk) -> None:
    head = publish_head(desk, {"mlops.yaml": POLICY.replace("0.8", "0.1"), "params.yaml": PARAMS})

    assert [path for path, *_ in review_head(desk, head, 0.5, RATE)] == ["params.yaml"]


@pytest.mark.parametrize(
    "text", ["train: [", "[1, 2]", "", "train: {}", "other: 1", "a: &a [*a]", "x" * 600_000, "train:\n  rate: 2\n" * 9]
)
def test_a_file_that_is_not_what_the_report_says_gives_no_remark(desk: Desk, text: str) -> None:
    head = publish_head(desk, {"params.yaml": text})

    assert review_head(desk, head, 0.85, RATE) == []


def test_without_the_heads_objects_there_are_no_remarks(desk: Desk) -> None:
    assert review_head(desk, "a" * 40, 0.5, RATE) == []
    assert desk.github.checks() == [("a" * 40, "mlops-kit", "failure")]


def accept(desk: Desk, first_line: str, *, author: str = "ada", role: str = "write") -> None:
    desk.github.roles[author] = role
    desk.github.add_comment(7, f"{first_line}\n\nmore words", author=author)


def test_a_refused_commit_is_accepted_by_hand(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_report(0.5)
    assert desk.comment() is ExitCode.REFUSED
    told = f"set the label {LABEL} and comment: mlops-kit override {desk.head[:12]}: REASON"
    assert told in capsys.readouterr().err

    desk.github.pulls[7]["labels"] = [LABEL]
    accept(desk, f"mlops-kit override {desk.head[:12]}: the holdout set is known to be noisy")

    assert desk.comment(GITHUB_RUN_ATTEMPT="2") is ExitCode.DONE
    assert desk.github.checks()[-1] == (desk.head, "mlops-kit", "success")
    assert "the holdout set is known to be noisy" in desk.bodies()[0]
    output = desk.github.check_runs[max(desk.github.check_runs)]["output"]
    assert output["title"] == "⚠️ Accepted for dev by ada, although accuracy is 0.5, under the minimum 0.8."


@pytest.mark.parametrize(
    ("label", "line", "role"),
    [
        ("", "mlops-kit override {head}: fine", "admin"),
        ("bug", "mlops-kit override {head}: fine", "admin"),
        (LABEL, "mlops-kit override {head}: fine", "read"),
        (LABEL, "mlops-kit override {head}: fine", "triage"),
        (LABEL, "mlops-kit override bbbbbbbbbbbb: fine", "admin"),
        (LABEL, "mlops-kit override aaaaaa: too short", "admin"),
        (LABEL, "mlops-kit override {head}:", "admin"),
        (LABEL, "mlops-kit override {head}", "admin"),
        (LABEL, "> mlops-kit override {head}: quoted", "admin"),
        (LABEL, "please\nmlops-kit override {head}: second line", "admin"),
    ],
)
def test_what_is_not_the_word_of_somebody_who_may_write_accepts_nothing(
    desk: Desk, label: str, line: str, role: str
) -> None:
    desk.github.pulls[7]["labels"] = [label] if label else []
    accept(desk, line.format(head=desk.head[:12]), role=role)
    desk.write_report(0.5)

    assert desk.comment() is ExitCode.REFUSED
    assert desk.github.checks() == [(desk.head, "mlops-kit", "failure")]


def test_the_robots_own_comment_accepts_nothing(desk: Desk) -> None:
    desk.github.pulls[7]["labels"] = [LABEL]
    desk.github.add_comment(7, f"mlops-kit override {desk.head}: I said so", author=KIT)
    desk.github.add_comment(7, f"mlops-kit override {desk.head}: gone", author=None)
    desk.write_report(0.5)

    assert desk.comment() is ExitCode.REFUSED


def test_a_report_of_another_commit_cannot_be_accepted(desk: Desk) -> None:
    desk.github.pulls[7]["labels"] = [LABEL]
    accept(desk, f"mlops-kit override {desk.head}: fine", role="admin")
    desk.write_report(0.5, head="e" * 40)

    assert desk.comment() is ExitCode.INTEGRITY
    assert desk.github.checks() == []


def test_a_head_that_moved_on_gets_its_own_check_only(desk: Desk) -> None:
    desk.github.pulls[7]["head"] = "c" * 40
    desk.write_report(0.85)

    assert desk.comment() is ExitCode.DONE
    assert "c" * 8 in desk.bodies()[0]
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]


def test_a_closed_pull_request_still_gets_its_report(desk: Desk) -> None:
    desk.github.pulls[7]["state"] = "closed"
    desk.write_report(0.85)

    assert desk.comment() is ExitCode.DONE
    assert len(desk.bodies()) == 1


def test_a_first_report_takes_few_calls_and_the_same_again_fewer(desk: Desk) -> None:
    desk.run("--begin")
    desk.github.log.clear()
    desk.write_report(0.85)
    desk.comment()

    assert [call.replace("/repos/acme/churn", "").replace(desk.head, "HEAD") for call in desk.github.calls()] == [
        "GET /pulls/7",
        "POST /graphql",
        "GET /issues/7/comments",
        "POST /issues/7/comments",
        "GET /issues/7/comments",
        "GET /commits/HEAD/check-runs",
        "PATCH /check-runs/1",
    ]

    desk.github.log.clear()
    desk.comment()

    assert [call.replace("/repos/acme/churn", "").replace(desk.head, "HEAD") for call in desk.github.calls()] == [
        "GET /pulls/7",
        "POST /graphql",
        "GET /issues/7/comments",
        "GET /commits/HEAD/check-runs",
    ]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_one_bad_gateway_ends_in_one_check(desk: Desk, method: str, when: str) -> None:
    desk.run("--begin")
    desk.write_report(0.85)
    desk.github.fail(Fault(method=method, path="check-runs", when=when))

    assert desk.comment() is ExitCode.DONE
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]
