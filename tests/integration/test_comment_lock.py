"""`comment --lock`: what became of the lock is told, and the review is of the commit that has it."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.review.report import parse_report, report_json
from tests.fakes.github import FakeGitHub
from tests.integration.desk import Desk, make_desk

MADE = "c" * 40


@pytest.fixture
def desk(github: FakeGitHub, tmp_path: Path) -> Desk:
    found = make_desk(github, tmp_path)
    path = found.write_report(0.85)
    path.write_text(report_json(replace(parse_report(path.read_bytes(), file="r"), lock_uncommitted=True)))
    return found


@pytest.mark.parametrize("head_now", ["old", "new"])
def test_the_comment_and_the_check_are_of_the_commit_that_was_made(desk: Desk, head_now: str) -> None:
    desk.github.pulls[7]["head"] = MADE if head_now == "new" else desk.head
    desk.run("--begin")

    assert desk.comment("--lock", "committed-quietly", "--lock-commit", MADE) is ExitCode.DONE

    (body,) = desk.bodies()
    assert body.splitlines()[0].endswith(f"head={MADE} -->")
    assert "GitHub starts no workflow" in body
    assert "moved on" not in body
    assert "is not committed" not in body
    assert sorted(desk.github.checks()) == [(desk.head, "mlops-kit", "success"), (MADE, "mlops-kit", "success")]


def test_a_branch_that_moved_on_from_the_commit_is_said(desk: Desk) -> None:
    desk.github.pulls[7]["head"] = "d" * 40

    desk.comment("--lock", "committed", "--lock-commit", MADE)

    assert "the pull request has moved on" in desk.bodies()[0]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("outdated", "leaves it to you"),
        ("no-bytes", "reproduce --push"),
        ("refused", "it was refused"),
        ("failed", "the job Commit failed"),
    ],
)
def test_a_lock_that_a_merge_would_not_bring_makes_the_check_red(desk: Desk, word: str, told: str) -> None:
    assert desk.comment("--lock", word) is ExitCode.REFUSED

    (body,) = desk.bodies()
    assert told in body
    assert "❌ Not ready for dev: what the runner reproduced is not what would be merged" in body
    assert desk.github.checks() == [(desk.head, "mlops-kit", "failure")]


def test_it_cannot_be_accepted_by_hand_like_a_gate(desk: Desk) -> None:
    desk.github.pulls[7]["labels"] = ["mlops-kit-override"]
    desk.github.roles["ada"] = "write"
    desk.github.add_comment(7, f"mlops-kit override {desk.head[:12]}: known and wanted", author="ada")

    assert desk.comment("--lock", "outdated") is ExitCode.REFUSED
    assert "To accept it all the same" not in desk.bodies()[0]


@pytest.mark.parametrize("word", ["", "unchanged", "fork", "moved", "unstable"])
def test_what_nobody_can_help_decides_nothing(desk: Desk, word: str) -> None:
    assert desk.comment("--lock", word) is ExitCode.DONE
    assert desk.github.checks() == [(desk.head, "mlops-kit", "success")]


def test_a_commit_that_cannot_be_one_is_refused(desk: Desk) -> None:
    assert desk.comment("--lock", "committed", "--lock-commit", "main") is ExitCode.INPUT
    assert desk.bodies() == []
