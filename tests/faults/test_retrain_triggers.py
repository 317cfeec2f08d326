"""A thousand triggers of the same data, and `kill -9` at any moment of a proposal: one branch, one pull request."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.faults.children import PARTS, Note, Tally, count_share, count_trials, random_source
from tests.integration.desk import git, serve_github
from tests.integration.orchard import FOLDER, Orchard, make_orchard

pytestmark = pytest.mark.faults
SECONDS = 60.0


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve_github() as fake:
        yield fake


@pytest.fixture
def orchard(github: FakeGitHub, tmp_path: Path) -> Orchard:
    found = make_orchard(tmp_path, github=github)
    found.grow(0.95)
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_any_number_of_triggers_of_the_same_data_is_one_pull_request(
    part: int, orchard: Orchard, github: FakeGitHub, record_property: Note
) -> None:
    trials = count_share(count_trials(2))
    for _ in range(trials):
        assert orchard.hand_over(GITHUB_EVENT_NAME="repository_dispatch") is ExitCode.DONE
        assert orchard.propose(GITHUB_EVENT_NAME="repository_dispatch") is ExitCode.DONE

    assert (len(orchard.branches()), list(github.pulls)) == (1, [1])
    assert [note["kind"] for note in orchard.notes()] == ["proposed"]
    record_property("trials", f"triggers of the same data, part {part}: {trials}")


@pytest.mark.parametrize("part", range(2))
def test_a_proposal_that_is_killed_at_any_moment_is_finished_by_the_next(
    part: int, orchard: Orchard, github: FakeGitHub, record_property: Note
) -> None:
    source, tally = random_source(f"proposal {part}"), Tally()
    for _ in range(count_trials(100)):
        forget(orchard, github)
        assert orchard.hand_over() is ExitCode.DONE
        for _ in range(3):
            propose_and_kill(orchard, source.uniform(0.5, 4.0), tally)
        if not github.pulls:
            assert orchard.hand_over() is ExitCode.DONE
        assert orchard.propose() is ExitCode.DONE

        assert (len(orchard.branches()), list(github.pulls)) == (1, [1])
        assert [note["kind"] for note in orchard.notes()] == ["proposed"]
        assert orchard.changed(orchard.branches()[0]) == ["dvc.lock", "metrics.json", "rows.csv.dvc"]
    record_property("trials", f"a proposal, part {part}: {tally}")


def test_runners_that_propose_the_same_at_once_have_one_branch_and_one_pull_request(
    orchard: Orchard, github: FakeGitHub
) -> None:
    orchard.hand_over()
    clones = [orchard.clone(f"racer-{number}") for number in range(3)]
    for clone in clones:
        shutil.copytree(orchard.trusted.root / FOLDER, clone.root / FOLDER)
    variables = {**orchard.plain_variables, **orchard.variables}
    words = [sys.executable, "-m", "mlops_kit", "retrain", "--propose", FOLDER]
    racers = [
        subprocess.Popen(words, cwd=clone.root, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for clone in clones
    ]

    ended = [racer.communicate(timeout=120)[1].decode() for racer in racers]

    assert [racer.returncode for racer in racers] == [0, 0, 0], ended
    assert (len(orchard.branches()), list(github.pulls)) == (1, [1])
    assert [note["kind"] for note in orchard.notes()] == ["proposed"]


def propose_and_kill(orchard: Orchard, seconds: float, tally: Tally) -> None:
    """Start the second job, and kill it after that time unless it was done before."""
    words = [sys.executable, "-m", "mlops_kit", "retrain", "--propose", FOLDER]
    variables = {**orchard.plain_variables, **orchard.variables}
    with subprocess.Popen(
        words, cwd=orchard.trusted.root, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        process.wait(SECONDS)
    tally.killed += process.returncode != 0
    tally.finished += process.returncode == 0
    time.sleep(0.5)  # a push that it began goes on to its end, as a server would


def forget(orchard: Orchard, github: FakeGitHub) -> None:
    """Have everything as before the first proposal."""
    github.pulls.clear()
    for name in git(orchard.origin, "for-each-ref", "--format=%(refname)", "refs/heads/mlops").splitlines():
        git(orchard.origin, "update-ref", "-d", name)
    for name in git(
        orchard.origin, "for-each-ref", "--format=%(refname)", "refs/tags/mlops/churn/dev/note"
    ).splitlines():
        git(orchard.origin, "update-ref", "-d", name)
