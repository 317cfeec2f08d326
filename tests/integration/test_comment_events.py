"""What `mlops-kit comment` makes of each event, rows E4 to E14 of the catalogue of bad inputs among them."""

import json
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.integration.desk import KIT, Desk, git, make_desk

NOBODY = "0" * 40


@pytest.fixture
def desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    found = make_desk(github, tmp_path)
    found.write_report(0.85)
    return found


def change_event(desk: Desk, **fields: object) -> None:
    """The desk's own event with fields of the pull request replaced."""
    path = Path(desk.variables["GITHUB_EVENT_PATH"])
    event = json.loads(path.read_text())
    event["pull_request"] |= fields
    desk.write_event(event)


def test_e4_a_pull_request_closed_unmerged_is_told_and_promotes_nothing(desk: Desk) -> None:
    change_event(desk, state="closed", merged=False, merged_at=None)
    desk.github.pulls[7]["state"] = "closed"

    assert desk.comment() is ExitCode.DONE
    assert len(desk.bodies()) == 1
    assert git(desk.folder, "tag") == ""


@pytest.mark.parametrize("commit", [None, "f" * 40, "not a commit"])
def test_e5_the_merge_commit_of_an_event_means_nothing(desk: Desk, commit: str | None) -> None:
    change_event(desk, merge_commit_sha=commit)

    assert desk.comment() is ExitCode.DONE


@pytest.mark.parametrize(
    "branch",
    ["feat/$(id)", "a`b`", "-rf", "--upload-pack=x", "a..b", "refs/heads/production", "main;touch PWNED", "ünï\u202e"],
)
def test_e6_a_branchs_name_is_never_run(desk: Desk, branch: str) -> None:
    repository = {"full_name": "acme/churn"}
    change_event(desk, head={"ref": branch, "sha": desk.head, "repo": repository})

    assert desk.comment() is ExitCode.DONE
    assert list(desk.folder.parent.rglob("PWNED*")) == []
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]


@pytest.mark.parametrize(
    "title", ['x"; touch PWNED; "', "${{ secrets.GITHUB_TOKEN }}", "%0A::error::no", "x" * 65_536, "🎉", "a\0b"]
)
def test_e7_a_title_is_no_part_of_the_comment(desk: Desk, title: str) -> None:
    change_event(desk, title=title, body=title)

    assert desk.comment() is ExitCode.DONE
    assert title not in desk.bodies()[0]


def test_e8_a_redelivered_event_changes_nothing(desk: Desk) -> None:
    desk.comment()
    writes = desk.github.writes()

    assert desk.comment() is ExitCode.DONE
    assert desk.github.writes() == writes


def test_e8_a_second_attempt_takes_the_place_of_the_first(desk: Desk) -> None:
    desk.comment()

    assert desk.comment(GITHUB_RUN_ATTEMPT="2") is ExitCode.DONE
    (body,) = desk.bodies()
    assert "attempt=2" in body


def test_e8_a_run_of_an_older_commit_that_finishes_last_is_superseded(desk: Desk) -> None:
    desk.comment(GITHUB_RUN_ID="9")
    checks = desk.github.checks()

    assert desk.comment(GITHUB_RUN_ID="8") is ExitCode.CONFLICT
    assert desk.github.checks() == checks


def push(desk: Desk, **event: object) -> ExitCode:
    desk.write_event({"ref": "refs/heads/feature", **event})
    return desk.comment(GITHUB_EVENT_NAME="push")


def test_e9_a_deleted_branch_has_no_report(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(desk, deleted=True, before=desk.head, after=NOBODY) is ExitCode.INPUT
    assert "/after: the branch was deleted" in capsys.readouterr().err
    assert desk.github.log == []


def test_e9_a_forced_push_is_told_on_the_pull_request_of_its_commit(desk: Desk) -> None:
    assert push(desk, forced=True, before="f" * 40, after=desk.head) is ExitCode.DONE
    assert len(desk.bodies()) == 1


def test_a_push_of_no_pull_requests_head_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(desk, after="f" * 40) is ExitCode.INPUT
    assert f"no open pull request has commit {'f' * 40} as its head" in capsys.readouterr().err
    assert desk.github.writes() == []


def test_a_push_of_two_pull_requests_head_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.github.add_pull_request(8, head=desk.head, base=desk.base, base_branch="release")

    assert push(desk, after=desk.head) is ExitCode.INPUT
    assert "several pull requests have this head: 7, 8" in capsys.readouterr().err


def test_a_run_by_hand_is_told_on_the_pull_request_of_its_commit(desk: Desk) -> None:
    desk.write_event({"ref": "refs/heads/feature", "inputs": None})

    assert desk.comment(GITHUB_EVENT_NAME="workflow_dispatch", GITHUB_SHA=desk.head) is ExitCode.DONE
    assert len(desk.bodies()) == 1


def finish_run(desk: Desk, **fields: object) -> ExitCode:
    """Another workflow's run for pull request 7, from a fork, is over."""
    run = {
        "head_sha": desk.head,
        "head_branch": "feature",
        "head_repository": {"full_name": "mallory/churn"},
        "repository": {"full_name": "acme/churn"},
        "event": "pull_request",
        "conclusion": "success",
        "pull_requests": [],
        **fields,
    }
    desk.github.add_pull_request(7, head=desk.head, base=desk.base, head_repository="mallory/churn")
    desk.write_event({"action": "completed", "workflow_run": run})
    return desk.comment(GITHUB_EVENT_NAME="workflow_run")


def test_another_workflows_run_is_told_on_the_forks_pull_request(desk: Desk) -> None:
    assert finish_run(desk) is ExitCode.DONE

    assert len(desk.bodies()) == 1
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]
    assert "GET /repos/acme/churn/pulls/7" not in desk.github.calls()


def test_a_failed_run_may_have_left_a_report(desk: Desk) -> None:
    assert finish_run(desk, conclusion="failure") is ExitCode.DONE
    assert len(desk.bodies()) == 1


def test_e10_a_run_of_another_repository_is_refused(desk: Desk) -> None:
    assert finish_run(desk, repository={"full_name": "mallory/churn"}) is ExitCode.INTEGRITY
    assert desk.github.log == []


@pytest.mark.parametrize(
    "fields",
    [
        {"conclusion": "cancelled"}, {"conclusion": "skipped"}, {"conclusion": None}, {"event": "push"},
        {"event": "pull_request_target"}, {"head_repository": None}, {"head_branch": "another"},
        {"head_repository": {"full_name": "mallory/other"}},
    ],
)  # fmt: skip
def test_e10_a_run_that_left_no_report_here_is_no_work(
    desk: Desk, capsys: pytest.CaptureFixture[str], fields: dict[str, object]
) -> None:
    assert finish_run(desk, **fields) is ExitCode.DONE
    assert capsys.readouterr().out.startswith("nothing to do: ")
    assert desk.github.writes() == []


def test_e10_a_report_of_another_commit_than_the_runs_is_refused(desk: Desk) -> None:
    assert finish_run(desk, head_sha="c" * 40) is ExitCode.INTEGRITY
    assert desk.github.writes() == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"head_sha": "HEAD"}, "/workflow_run/head_sha"),
        ({"repository": None}, "/workflow_run/repository/full_name"),
        ({"event": 3}, "/workflow_run/event"),
    ],
)
def test_e10_a_malformed_run_is_named_by_its_field(
    desk: Desk, capsys: pytest.CaptureFixture[str], fields: dict[str, object], pointer: str
) -> None:
    assert finish_run(desk, **fields) is ExitCode.INPUT
    assert pointer in capsys.readouterr().err


@pytest.mark.parametrize("payload", [{"environment": "nowhere"}, [[[[[]]]]], {"pull_request": {"number": 7}}])
def test_e11_a_dispatched_payload_names_nothing(desk: Desk, payload: object) -> None:
    desk.write_event({"action": "promote", "client_payload": payload})

    assert desk.comment(GITHUB_EVENT_NAME="repository_dispatch") is ExitCode.INPUT
    assert desk.github.log == []


@pytest.mark.parametrize("repository", ["../x", "a/b/c", "", "a/..", "a b/c"])
def test_e12_what_is_no_repository_is_refused(desk: Desk, repository: str) -> None:
    assert desk.comment(GITHUB_REPOSITORY=repository) is ExitCode.INPUT
    assert desk.github.log == []


@pytest.mark.parametrize("commit", ["abc123", "", "--all", "G" * 40])
def test_e12_what_is_no_commit_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str], commit: str) -> None:
    desk.write_event({"ref": "refs/heads/feature"})

    assert desk.comment(GITHUB_EVENT_NAME="workflow_dispatch", GITHUB_SHA=commit) is ExitCode.INPUT
    assert "GITHUB_SHA: expected 40 hexadecimal digits" in capsys.readouterr().err


def test_e13_no_value_of_a_report_becomes_an_output(desk: Desk) -> None:
    text = desk.write_report(0.85).read_text().replace('"name": "main"', '"name": "main\\nEOF\\nverdict=approve"')
    (desk.folder / "report.json").write_text(text)

    assert desk.comment() is ExitCode.DONE
    names = [line.partition("<<")[0] for line in desk.outputs().splitlines() if "<<ghadelimiter_" in line]
    assert names == ["verdict", "outcome", "comment-url", "comment-id", "report"]
    assert "approve" not in desk.outputs()


@pytest.mark.parametrize("name", ["dependabot[bot]", "github-actions[bot]", "admin", KIT.upper()])
def test_e14_a_name_gives_no_rights(desk: Desk, name: str) -> None:
    desk.github.pulls[7]["labels"] = ["mlops-kit-override"]
    desk.github.add_comment(7, f"mlops-kit override {desk.head}: I am a robot", author=name)
    desk.write_report(0.5)

    assert desk.comment(GITHUB_ACTOR=name) is ExitCode.REFUSED


def test_a_merge_group_gets_a_check_and_no_comment(desk: Desk) -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-7-{desk.base}"
    group = {"head_sha": desk.head, "head_ref": ref, "base_sha": desk.base, "base_ref": "refs/heads/main"}
    desk.write_event({"action": "checks_requested", "merge_group": group})

    assert desk.run("--begin", GITHUB_EVENT_NAME="merge_group") is ExitCode.DONE
    assert desk.github.checks() == [(desk.head, "mlops-kit", "in_progress")]
    assert desk.comment(GITHUB_EVENT_NAME="merge_group") is ExitCode.DONE

    assert desk.bodies() == []
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]
    desk.write_report(0.5)
    assert desk.comment(GITHUB_EVENT_NAME="merge_group") is ExitCode.REFUSED
    assert desk.run("--without-report", "failure", GITHUB_EVENT_NAME="merge_group") is ExitCode.DONE
    assert desk.github.checks()[-1] == (desk.head, "mlops-kit", "failure")


@pytest.mark.parametrize(
    ("field", "value"), [("head_sha", "x"), ("base_sha", None), ("base_ref", "main"), ("base_ref", 3)]
)
def test_a_malformed_merge_group_is_named_by_its_field(
    desk: Desk, capsys: pytest.CaptureFixture[str], field: str, value: object
) -> None:
    group = {"head_sha": desk.head, "base_sha": desk.base, "base_ref": "refs/heads/main", field: value}
    desk.write_event({"merge_group": group})

    assert desk.comment(GITHUB_EVENT_NAME="merge_group") is ExitCode.INPUT
    assert f"/merge_group/{field}" in capsys.readouterr().err
