"""`mlops-kit comment` in a real repository against the fake GitHub."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.cli import run
from mlops_kit.cli.environment import parse_inputs
from mlops_kit.core.errors import ExitCode
from mlops_kit.core.review.report import parse_report, report_json
from tests.fakes.github import FakeGitHub, Fault
from tests.integration.desk import KIT, POLICY, TOKEN, Desk, git, make_desk


@pytest.fixture
def desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    return make_desk(github, tmp_path)


def test_a_good_report_is_posted_and_the_check_is_green(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_report(0.85)

    assert desk.comment() is ExitCode.DONE

    (body,) = desk.github.bodies(author=KIT)
    assert body.startswith(f"<!-- mlops-kit:report:v1 id=report run=5 attempt=1 head={desk.head} -->\n")
    assert capsys.readouterr().out == "created https://github.test/acme/churn/pull/7#issuecomment-1\n"
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]
    assert desk.github.statuses == []
    assert "verdict<<" in desk.outputs()
    assert "accuracy" in desk.summary()


def test_a_refused_version_is_said_first_and_then_ends_red(desk: Desk) -> None:
    desk.write_report(0.5)

    assert desk.comment() is ExitCode.REFUSED

    assert len(desk.github.bodies(author=KIT)) == 1
    assert desk.github.checks() == [(desk.head, "mlops-kit", "failure")]


def test_the_same_report_again_writes_no_comment(desk: Desk) -> None:
    desk.write_report(0.85)
    desk.comment()
    before = list(desk.github.comments.values())

    assert desk.comment() is ExitCode.DONE
    assert [write for write in desk.github.writes() if "comments" in write] == [
        "POST /repos/acme/churn/issues/7/comments"
    ]
    assert list(desk.github.comments.values()) == before


def test_a7_a_report_as_long_as_may_be_is_posted_with_its_verdict(desk: Desk) -> None:
    report = parse_report(desk.write_report(0.5).read_bytes(), file="report.json")
    rows = tuple(replace(report.metrics[0], key=f"{'`|@#<' * 16}{number}") for number in range(2_000))
    text = report_json(replace(report, metrics=(*report.metrics, *rows)))
    assert 500_000 < len(text.encode()) < 2**20
    (desk.folder / "report.json").write_text(text)

    assert desk.comment() is ExitCode.REFUSED

    (body,) = desk.bodies()
    assert 50_000 < len(body) <= 65_536
    assert "### ❌ Not ready for dev: accuracy is 0.5, under the minimum 0.8" in body


def test_an_older_run_is_superseded_and_changes_nothing(desk: Desk) -> None:
    desk.write_report(0.85)
    desk.comment(GITHUB_RUN_ID="6")
    writes = desk.github.writes()

    assert desk.comment(GITHUB_RUN_ID="5") is ExitCode.CONFLICT
    assert desk.github.writes() == writes


def test_reports_with_ids_live_side_by_side(desk: Desk) -> None:
    desk.write_report(0.85)
    for words in ([], ["--report-id", "nightly"]):
        desk.comment(*words)

    assert len(desk.github.bodies(author=KIT)) == 2
    assert [name for _, name, _ in desk.github.checks()] == ["mlops-kit", "mlops-kit/nightly"]


def test_no_status_is_set_where_none_is_wanted(desk: Desk) -> None:
    desk.write_report(0.85)

    assert desk.comment("--no-status") is ExitCode.DONE
    assert desk.github.checks() == []


def test_a_number_on_a_laptop_is_looked_up(desk: Desk) -> None:
    desk.write_report(0.85)

    assert desk.comment("--pull-request", "7", GITHUB_EVENT_PATH="", GITHUB_ACTIONS="", GITHUB_RUN_ID="") == 0
    assert len(desk.github.bodies(author=KIT)) == 1


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"GITHUB_EVENT_PATH": ""}, "comment needs a pull_request event, or --pull-request N"),
        ({"GITHUB_TOKEN": ""}, "set MLOPS_KIT_TOKEN or GITHUB_TOKEN"),
        ({"GITHUB_REPOSITORY": "../x"}, "is not a repository (owner/name)"),
        ({"GITHUB_API_URL": "http://api.example"}, "GITHUB_API_URL is not an https address"),
    ],
)
def test_what_is_missing_is_said(
    desk: Desk, capsys: pytest.CaptureFixture[str], variables: dict[str, str], message: str
) -> None:
    desk.write_report(0.85)

    assert desk.comment(**variables) is ExitCode.INPUT
    assert message in capsys.readouterr().err
    assert desk.github.log == []
    assert "posted no report" in desk.summary()


def test_a_base_that_is_not_in_the_clone_is_said(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_report(0.85)
    desk.github.add_pull_request(7, head=desk.head, base="d" * 40)

    assert desk.comment("--pull-request", "7") is ExitCode.INPUT
    assert "check out the base" in capsys.readouterr().err


def make_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_huge(path: Path) -> None:
    os.truncate(path, 2 * 1024**3)


@pytest.mark.parametrize("poison", [make_link, make_folder, make_pipe, make_huge])
def test_an_artifact_that_is_no_plain_small_file_is_refused(desk: Desk, poison: Callable[[Path], None]) -> None:
    poison(desk.write_report(0.85))

    assert desk.comment() is ExitCode.INTEGRITY
    assert desk.github.writes() == []


def test_an_artifact_outside_the_folder_is_refused(desk: Desk) -> None:
    inputs = parse_inputs(desk.variables, folder=desk.folder, terminal=False)

    assert run(["comment", "../report.json"], inputs) == ExitCode.INTEGRITY


def test_a_report_of_another_commit_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_report(0.85, head="e" * 40)

    assert desk.comment() is ExitCode.INTEGRITY
    assert "report.json head.commit: the report is of commit" in capsys.readouterr().err
    assert desk.github.writes() == []


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"version": 2}', b"NaN", b"[" * 99999])
def test_what_is_no_report_is_an_input_error(desk: Desk, data: bytes) -> None:
    (desk.folder / "report.json").write_bytes(data)

    assert desk.comment() is ExitCode.INPUT
    assert desk.github.writes() == []


def test_a_missing_report_says_how_to_make_one(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.comment() is ExitCode.INPUT
    assert "hint: make one with: mlops-kit report" in capsys.readouterr().err


def test_the_base_commits_policy_holds_whatever_is_checked_out(desk: Desk) -> None:
    desk.write_report(0.5)
    (desk.folder / "mlops.yaml").write_text(POLICY.replace("0.8", "0.1"))
    git(desk.folder, "commit", "--quiet", "--all", "-m", "loosen")

    assert desk.comment() is ExitCode.REFUSED


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", [r"/comments$", r"/check-runs$"])
def test_one_bad_gateway_changes_nothing_of_the_result(desk: Desk, path: str, when: str) -> None:
    desk.write_report(0.85)
    desk.github.fail(Fault(method="POST", path=path, when=when))

    assert desk.comment() is ExitCode.DONE
    assert len(desk.github.bodies(author=KIT)) == 1
    assert {state for _, _, state in desk.github.checks()} == {"success"}


def test_no_secret_is_printed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_report(0.85)
    for fault in (None, Fault(method="GET", path="/user", status=401, n=99)):
        if fault:
            desk.github.accounts.clear()
        desk.comment()

    printed = capsys.readouterr()
    written = "".join(path.read_text() for path in desk.folder.parent.iterdir() if path.is_file())
    assert TOKEN not in printed.out + printed.err + written + "".join(desk.github.bodies(author=KIT))


def test_the_tracked_run_is_linked_on_the_server_of_this_job_and_of_no_other(desk: Desk) -> None:
    path = desk.write_report(0.85)
    tracked = {"experiment_id": "3", "run_id": "ab" * 16}
    path.write_text(json.dumps({**json.loads(path.read_text()), "tracked": tracked}))
    page = f"https://mlflow.example.org/#/experiments/3/runs/{'ab' * 16}"

    desk.comment(MLFLOW_TRACKING_URI="https://ada:canary-s3cret@mlflow.example.org")
    (body,) = desk.github.bodies(author=KIT)
    assert f"](<{page}>)" in body
    assert "canary" not in body + desk.summary() + desk.outputs()

    desk.comment(MLFLOW_TRACKING_URI="")
    (body,) = desk.github.bodies(author=KIT)
    assert "tracked run" not in body
