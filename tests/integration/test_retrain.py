"""`mlops-kit retrain` from new data to its pull request: real git, real DVC, GitHub's API."""

import json
from pathlib import Path
from random import Random

import pytest

from mlops_kit.core.errors import ExitCode
from tests.fakes.github import FakeGitHub, Fault
from tests.integration.desk import KIT, git
from tests.integration.orchard import FOLDER, POLICY, Orchard, copy_orchard, make_orchard


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Orchard:
    return make_orchard(tmp_path_factory.mktemp("template"))


@pytest.fixture
def orchard(template: Orchard, github: FakeGitHub, tmp_path: Path) -> Orchard:
    return copy_orchard(template, tmp_path / "orchard", github)


def kinds(orchard: Orchard) -> list[object]:
    return [note["kind"] for note in orchard.notes()]


def test_on_a_laptop_new_data_becomes_a_branch_once(orchard: Orchard, capsys: pytest.CaptureFixture[str]) -> None:
    assert orchard.retrain("--check") is ExitCode.DONE
    assert "the live model was trained on the data that is there" in capsys.readouterr().out
    orchard.grow(0.95)
    assert orchard.retrain("--dry-run", "--format", "json") is ExitCode.DONE
    decided = json.loads(capsys.readouterr().out)
    assert (decided["action"], decided["trigger"], decided["data"][0]["path"]) == ("retrain", "data", "rows.csv")
    assert orchard.retrain("--check") is ExitCode.DIFFERENCE
    assert (orchard.branches(), orchard.notes()) == ([], [])

    assert orchard.retrain() is ExitCode.DONE

    (branch,) = orchard.branches()
    assert branch == decided["branch"]
    assert orchard.changed(branch) == ["dvc.lock", "metrics.json", "rows.csv.dvc"]
    assert kinds(orchard) == ["proposed"]
    reviewer = orchard.clone("reviewer", branch)
    with reviewer.opened() as repo:
        repo.pull()
    assert reviewer.status() == {}
    capsys.readouterr()
    assert orchard.retrain("--check") is ExitCode.DONE
    assert "was trained and proposed already" in capsys.readouterr().out
    assert orchard.retrain() is ExitCode.DONE
    assert (orchard.branches(), kinds(orchard)) == ([branch], ["proposed"])


def test_two_jobs_propose_one_pull_request_that_survives_every_repetition(orchard: Orchard, github: FakeGitHub) -> None:
    orchard.grow(0.95)
    assert orchard.hand_over() is ExitCode.DONE
    assert orchard.branches() == []
    github.fail(Fault(method="POST", path="/pulls$", when="after", reset=True))

    assert orchard.propose() is ExitCode.DONE

    (branch,) = orchard.branches()
    assert (list(github.pulls), github.pulls[1]["author"]) == ([1], KIT)
    body = str(github.pulls[1]["body"])
    assert body.startswith("The data is not what the live model was trained on: rows.csv.")
    assert "accuracy" in body
    assert orchard.outputs() == {"retrain": "proposed", "commit": git(orchard.origin, "rev-parse", branch)}
    assert orchard.propose() is ExitCode.DONE
    assert (orchard.outputs()["retrain"], list(github.pulls), kinds(orchard)) == ("nothing", [1], ["proposed"])


def test_a_crash_before_the_pull_request_is_finished_by_the_next_run(orchard: Orchard, github: FakeGitHub) -> None:
    orchard.grow(0.95)
    orchard.hand_over()
    github.fail(Fault(method="POST", path="/pulls$", status=403))
    assert orchard.propose() is ExitCode.REFUSED
    assert (len(orchard.branches()), kinds(orchard), github.pulls) == (1, [], {})

    assert orchard.hand_over() is ExitCode.DONE
    assert orchard.propose() is ExitCode.DONE

    assert (len(orchard.branches()), kinds(orchard), list(github.pulls)) == (1, ["proposed"], [1])


def test_a_model_that_is_no_better_is_not_proposed_and_the_next_waits_longer(
    orchard: Orchard, github: FakeGitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    orchard.grow(0.5)
    orchard.hand_over()

    assert orchard.propose() is ExitCode.REFUSED

    assert (orchard.branches(), github.pulls, kinds(orchard)) == ([], {}, ["rejected"])
    assert "accuracy" in (orchard.folder / "summary").read_text()
    orchard.hand_over()
    assert "was trained already, and not proposed: gate accuracy" in capsys.readouterr().out
    orchard.grow(0.99)
    assert orchard.retrain("--check") is ExitCode.DONE
    assert "longer for 1 in a row that were no better" in capsys.readouterr().out
    assert orchard.retrain("--check", "--now") is ExitCode.DIFFERENCE


def test_a_training_that_fails_is_counted(orchard: Orchard, capsys: pytest.CaptureFixture[str]) -> None:
    orchard.grow(0.9, row="not, a number")
    assert orchard.hand_over() is ExitCode.STAGE_FAILED

    assert orchard.propose() is ExitCode.DONE

    assert kinds(orchard) == ["failed"]
    assert orchard.retrain("--check") is ExitCode.DONE
    assert "last retraining is too recent" in capsys.readouterr().out


def test_what_no_training_may_hand_over_is_refused(orchard: Orchard) -> None:
    orchard.grow(0.95)
    orchard.runner.write({"rows.csv.dvc": orchard.runner.read("rows.csv.dvc") + "frozen: true\n"})
    orchard.hand_over()

    assert orchard.propose() is ExitCode.INTEGRITY
    assert orchard.propose() is ExitCode.INTEGRITY

    assert (orchard.branches(), kinds(orchard)) == ([], ["failed"])
    assert "rows.csv.dvc: says something else than what the data is now" in str(orchard.notes()[0]["reason"])
    document = orchard.trusted.root / FOLDER / "retrain.json"
    document.write_text(document.read_text().replace('"churn"', '"chu rn"'))
    assert orchard.propose() is ExitCode.INPUT


def test_only_a_commit_of_the_environment_s_branch_is_trained_at(
    orchard: Orchard, capsys: pytest.CaptureFixture[str]
) -> None:
    git(orchard.runner.root, "commit", "--quiet", "--allow-empty", "-m", "mine")

    assert orchard.retrain("--check") is ExitCode.INPUT
    assert "is not a commit of the branch dev" in capsys.readouterr().err


DRIFTING = (
    POLICY
    + """
drift: {data: [rows.csv]}
training: {on: [drift]}
"""
)


def table(*, shift: float, seed: int) -> str:
    """600 rows that are drawn anew for each seed."""
    values = Random(seed)  # noqa: S311 - rows of a test, not secrets
    return "".join(f"{values.gauss(shift, 1.0):.4f},0.9\n" for _ in range(600))


def test_noise_is_left_alone_and_drift_that_stays_becomes_a_pull_request(github: FakeGitHub, tmp_path: Path) -> None:
    orchard = make_orchard(tmp_path, github=github, policy=DRIFTING, rows=table(shift=0, seed=1))

    def arrive(rows: str) -> str:
        orchard.replace_data(f"x,accuracy\n{rows}", orchard.runner)
        assert orchard.hand_over() is ExitCode.DONE
        assert orchard.propose() is ExitCode.DONE
        return orchard.outputs()["retrain"]

    assert (arrive(table(shift=0, seed=2)), kinds(orchard)) == ("nothing", [])
    assert (arrive(table(shift=1, seed=3)), kinds(orchard)) == ("nothing", ["alarm"])

    assert arrive(table(shift=1, seed=4)) == "proposed"

    assert kinds(orchard) == ["alarm", "alarm", "proposed"]
    body = str(github.pulls[1]["body"])
    assert "alarm 2 in a row." in body.splitlines()[0]
    assert "Data drift: fail" in body
    assert orchard.run("history", "churn") is ExitCode.DONE


def test_what_the_remote_could_not_take_is_proposed_by_a_second_try_of_the_same_job(orchard: Orchard) -> None:
    orchard.grow(0.95)
    orchard.hand_over()
    store, away = orchard.folder / "store", orchard.folder / "away"
    store.rename(away)
    store.write_text("a file where the remote should be\n")
    assert orchard.propose() is ExitCode.OUTSIDE
    assert (orchard.branches(), kinds(orchard)) == ([], ["failed"])
    store.unlink()
    away.rename(store)

    assert orchard.propose() is ExitCode.DONE

    assert (len(orchard.branches()), kinds(orchard)) == (1, ["failed", "proposed"])


def test_a_pull_request_of_older_data_makes_room_for_the_newer_one(orchard: Orchard, github: FakeGitHub) -> None:
    orchard.grow(0.95)
    orchard.hand_over()
    orchard.propose()
    git(orchard.runner.root, "checkout", "--quiet", "--force", "dev")
    orchard.grow(0.96, row="9")
    assert orchard.hand_over("--now") is ExitCode.DONE

    assert orchard.propose("--now") is ExitCode.DONE

    assert [(number, pull["state"]) for number, pull in github.pulls.items()] == [(1, "closed"), (2, "open")]
    assert github.bodies(author=KIT) == ["#2 is of newer data, and takes the place of this one."]


def test_nothing_is_trained_on_data_that_is_not_valid(
    github: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orchard = make_orchard(tmp_path, github=github, policy=DRIFTING, rows=table(shift=0, seed=1))
    orchard.replace_data(f"another,accuracy\n{table(shift=0, seed=2)}", orchard.runner)

    assert orchard.hand_over("--now") is ExitCode.REFUSED
    assert "the data is not valid, so nothing is trained on it: rows.csv" in capsys.readouterr().err
    assert orchard.propose("--now") is ExitCode.REFUSED
    assert (orchard.branches(), github.pulls) == ([], {})
    orchard.replace_data('x,accuracy\n"cut', orchard.runner)
    assert orchard.retrain("--hand-over", FOLDER) is ExitCode.INPUT
    assert not (orchard.runner.root / FOLDER / "lock").exists()


SCORED = (
    POLICY
    + """
evaluate: {churn: {command: "python3 score.py {model} {metrics}", metrics: scores.json}}
"""
)
SCORE = """
import json
import sys
rows = open(sys.argv[1]).read().split()
json.dump({"accuracy": len(rows) / 100}, open(sys.argv[2], "w"))
"""


def test_both_models_are_scored_on_the_new_data_where_it_is_said_how(github: FakeGitHub, tmp_path: Path) -> None:
    orchard = make_orchard(tmp_path, github=github, policy=SCORED, score=SCORE)
    orchard.grow(0.5)
    assert orchard.hand_over() is ExitCode.DONE

    assert orchard.propose() is ExitCode.DONE

    (branch,) = orchard.branches()
    assert orchard.changed(branch) == ["dvc.lock", "evaluations/dev/churn.json", "metrics.json", "rows.csv.dvc"]
    assert "on the same data" in str(github.pulls[1]["body"])


FETCHING = (
    POLICY
    + """
training: {refresh: "python3 fetch.py 'two words'"}
"""
)
FETCH = """
import os
import pathlib
import sys
assert sys.argv[1:] == ["two words"]
assert "GITHUB_TOKEN" not in os.environ
if pathlib.Path("broken").exists():
    sys.exit("the warehouse gives no answer")
pathlib.Path("rows.csv").write_text("x,accuracy\\n7,0.97\\n")
"""


def test_a_command_brings_new_data_and_one_that_fails_changes_nothing(
    github: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orchard = make_orchard(tmp_path, github=github, policy=FETCHING, fetch=FETCH)
    orchard.runner.write({"broken": ""})
    assert orchard.retrain("--hand-over", FOLDER) is ExitCode.OUTSIDE
    assert "ended with exit code 1: the warehouse gives no answer" in capsys.readouterr().err
    assert not (orchard.runner.root / FOLDER).exists()
    (orchard.runner.root / "broken").unlink()

    assert orchard.hand_over(GITHUB_TOKEN="ghs_never") is ExitCode.DONE
    assert orchard.propose() is ExitCode.DONE

    (branch,) = orchard.branches()
    assert orchard.changed(branch) == ["dvc.lock", "metrics.json", "rows.csv.dvc"]
    assert orchard.hand_over() is ExitCode.DONE
    assert orchard.propose() is ExitCode.DONE
    assert (len(orchard.branches()), kinds(orchard)) == (1, ["proposed"])


def test_usage_mistakes_end_with_2_and_a_hint(orchard: Orchard, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["nothing-like-it"], "declares no model 'nothing-like-it'"),
        (["--dry-run", "--propose", "x"], "three things"),
        (["--propose", "nowhere"], "has no retrain.json"),
        (["--", "$(touch hacked)"], "declares no model"),
    ):
        assert orchard.retrain(*words) is ExitCode.INPUT
        told = capsys.readouterr().err
        assert said in told
        assert "hint: " in told


def test_an_event_with_secrets_trains_nothing(orchard: Orchard) -> None:
    orchard.grow(0.95)

    assert orchard.retrain("--hand-over", FOLDER, GITHUB_EVENT_NAME="pull_request_target") is ExitCode.INTEGRITY
    assert orchard.retrain("--dry-run", GITHUB_EVENT_NAME="workflow_run") is ExitCode.INTEGRITY
