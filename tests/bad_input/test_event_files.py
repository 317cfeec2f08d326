"""GitHub events as they should not be (rows E1 to E3): `comment` refuses them before it asks anybody anything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input.project import Project
from tests.fakes.github import FakeGitHub

PULL = {
    "number": 7,
    "head": {"sha": "a" * 40, "ref": "topic", "repo": {"full_name": "acme/churn"}},
    "base": {"sha": "b" * 40, "ref": "main", "repo": {"full_name": "acme/churn"}},
}


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub("acme/churn").serve() as server:
        yield server


def variables(github: FakeGitHub, event: Path) -> dict[str, str]:
    return {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "acme/churn",
        "GITHUB_TOKEN": "ghs_" + "c" * 36,
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
    }


def refuse(project: Project, github: FakeGitHub, event: Path) -> str:
    project.write("report.json", "{}")
    (error,) = project.refuse("comment", "report.json", variables=variables(github, event)).errors
    assert github.comments == {}
    assert github.statuses == []
    assert github.check_runs == {}
    return error


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a JSON document"),
        ("{", "not a JSON document"),
        ("[]", "expected an object"),
        ("7", "expected an object"),
    ],
)
def test_e1_an_event_that_is_no_object_is_refused(
    project: Project, github: FakeGitHub, tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "event.json").write_text(content)
    error = refuse(project, github, tmp_path / "event.json")
    assert str(tmp_path / "event.json") in error
    assert reason in error


def test_e1_an_event_file_that_is_not_there_is_refused(project: Project, github: FakeGitHub, tmp_path: Path) -> None:
    assert str(tmp_path / "event.json") in refuse(project, github, tmp_path / "event.json")


def test_e1_an_event_of_twenty_five_megabytes_is_not_parsed(
    project: Project, github: FakeGitHub, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_bytes(b" " * (25 * 1024 * 1024) + b"{}")
    assert "larger than 25 MiB" in refuse(project, github, tmp_path / "event.json")


@pytest.mark.parametrize("number", [None, "7", 0, -1, 10**12, True, 7.5])
def test_e2_a_number_that_no_pull_request_has_is_refused_with_its_pointer(
    project: Project, github: FakeGitHub, tmp_path: Path, number: object
) -> None:
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {**PULL, "number": number}}))
    assert "/pull_request/number: expected a positive whole number" in refuse(project, github, tmp_path / "event.json")


def test_e2_an_event_of_no_pull_request_is_refused(project: Project, github: FakeGitHub, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"ref": "refs/heads/main"}')
    assert "/pull_request: missing" in refuse(project, github, tmp_path / "event.json")


def test_e3_a_deleted_fork_is_a_fork_and_no_crash(project: Project, github: FakeGitHub, tmp_path: Path) -> None:
    head = {**PULL["head"], "repo": None} if isinstance(PULL["head"], dict) else {}
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {**PULL, "head": head}}))
    project.write("report.json", "{}")
    answer = project.call("comment", "report.json", variables=variables(github, tmp_path / "event.json"))
    assert answer.code == 2
    assert "Traceback" not in answer.err
    assert answer.errors != []
    assert all("report.json" in error or "commit" in error or "revision" in error for error in answer.errors)


def test_outside_a_pull_request_comment_says_so(project: Project) -> None:
    project.write("report.json", "{}")
    answer = project.refuse(
        "comment", "report.json", variables={"GITHUB_REPOSITORY": "acme/churn", "GITHUB_TOKEN": "ghs_x"}
    )
    assert answer.hints == ["comment needs a pull_request event, or --pull-request N"]
