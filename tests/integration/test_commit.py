"""`reproduce --hand-over` and `commit`: what a runner reproduced goes back to the branch, with real git and DVC."""

from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub
from tests.fakes.github_routes import Account
from tests.integration.counter import FOLDER, Counter, as_fork, make_counter
from tests.integration.desk import KIT, TOKEN, git


@pytest.fixture
def counter(github: FakeGitHub, tmp_path: Path) -> Counter:
    return make_counter(github, tmp_path)


def test_what_was_reproduced_is_committed_and_pulled_by_a_reviewer(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.hand_over_and_commit() is ExitCode.DONE

    commit = counter.branch()
    assert counter.outputs() == {"lock": "committed-quietly", "commit": commit}
    assert counter.changed() == ["curve/rate", "dvc.lock"]
    assert git(counter.origin, "rev-parse", f"{commit}^") == counter.head
    reviewer = counter.pull()
    assert reviewer.status() == {}
    assert reviewer.read("model").endswith("rate: 2\n")
    assert "for whose commits GitHub starts no workflow" in capsys.readouterr().out
