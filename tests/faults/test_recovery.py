"""The crash points of a promotion, one by one: what is there after the crash, and how the next run goes on from it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mlops_kit.core.errors import ExitCode
from mlops_kit.core.promotion.outcome import worst_code
from tests.fakes.github import Fault
from tests.fakes.watched_proxy import HttpCall
from tests.faults.canary import Canary
from tests.faults.conftest import MlflowServer
from tests.faults.plays import send_rival, stage
from tests.faults.seams import FAILPOINTS, Play
from tests.faults.theatre import DEV, Trial, add_clone, run
from tests.faults.traps import Mode
from tests.faults.verdict import PUBLISHED, tags_of

pytestmark = pytest.mark.faults
_BY_NAME = {one.name: one for one in FAILPOINTS}


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Play:
    """A first promotion, unless the test says otherwise."""
    return getattr(request, "param", Play.FIRST)


@pytest.fixture
def made(tmp_path: Path, mlflow_server: MlflowServer, canary: Canary, play: Play) -> Iterator[Trial]:
    with stage(tmp_path / "stage", mlflow_server, canary, play) as ready:
        yield ready


def crash(made: Trial, name: str, mode: Mode = Mode.KILL_AFTER) -> None:
    """A promotion is killed at a failpoint."""
    assert made.promote_trapped(_BY_NAME[name], mode) == -9
    assert made.traps.was_met()


def writes_of_recovery(made: Trial) -> list[str]:
    """What the runs after the crash wrote, to the end."""
    before = len(made.traps.requests), len(made.traps.command_writes())
    made.settle()
    return [*made.traps.requests[before[0] :], *made.traps.command_writes()[before[1] :]]


def uploads(made: Trial) -> list[bool]:
    """The runs that hold bytes of the digest pushed last, and whether each has all of them, oldest first."""
    experiment = made.view.ask("experiments/get-by-name", {"experiment_name": "mlops-kit"})["experiment"]
    asked = {
        "experiment_ids": [experiment["experiment_id"]],
        "filter": f"tags.`mlops.digest` = '{made.digest(made.letters[-1])}'",
        "order_by": ["attributes.start_time ASC"],
    }
    return [PUBLISHED in tags_of(one["data"]) for one in made.view.tell("runs/search", asked).get("runs", [])]


def numbers(made: Trial) -> list[str]:
    """The versions of the digest pushed last."""
    return [one["version"] for one in made.view.read_versions().get(str(made.digest(made.letters[-1])), [])]


def served(made: Trial) -> str:
    """What the serving target runs."""
    file = made.place.folder / "serving"
    return file.read_text() if file.exists() else ""


def test_bytes_that_were_published_in_part_are_published_anew(made: Trial) -> None:
    crash(made, "mlflow.upload")
    assert uploads(made) == [False]
    assert numbers(made) == []

    assert writes_of_recovery(made).count("mlflow.upload") == 2
    assert uploads(made) == [False, True]


def test_bytes_that_were_published_are_found_and_not_sent_again(made: Trial) -> None:
    crash(made, "mlflow.mark-published")
    assert (uploads(made), numbers(made)) == ([True], [])

    assert "mlflow.upload" not in writes_of_recovery(made)
    assert numbers(made) == ["1"]


def test_a_version_that_was_created_is_found_by_its_digest(made: Trial) -> None:
    crash(made, "mlflow.create-version")
    assert numbers(made) == ["1"]

    assert "mlflow.create-version" not in writes_of_recovery(made)
    assert numbers(made) == ["1"]


@pytest.mark.parametrize("play", [Play.RIVAL], indirect=True)
def test_of_two_versions_that_a_race_created_the_lowest_gets_the_alias(made: Trial) -> None:
    send_rival(made)
    crash(made, "mlflow.create-version")
    assert numbers(made) == ["1", "2"]

    assert "mlflow.create-version" not in writes_of_recovery(made)
    assert made.view.read_model()["aliases"] == [{"alias": "dev", "version": "1"}]


def test_a_record_that_was_pushed_is_what_the_alias_is_set_to(made: Trial) -> None:
    crash(made, "git.push-tag")
    records = made.read_records()
    assert [one.seq for one in records] == [1]
    assert "aliases" not in made.view.read_model()

    assert "git.push-tag" not in writes_of_recovery(made)
    assert made.read_records() == records


def test_an_alias_that_was_set_is_followed_by_the_serving_target(made: Trial) -> None:
    crash(made, "mlflow.write-alias-note")
    assert served(made) == ""

    assert "mlflow.set-alias" not in writes_of_recovery(made)
    assert served(made) == str(made.digest("a"))


def test_a_version_that_was_deployed_is_asked_about_and_not_deployed_again(made: Trial) -> None:
    crash(made, "deploy.apply")
    assert served(made) == str(made.digest("a"))

    assert "deploy.apply" not in writes_of_recovery(made)


def test_a_deployment_stuck_in_progress_becomes_a_success(made: Trial) -> None:
    crash(made, "github.show-success", Mode.KILL_BEFORE)
    assert made.github.board() == [(1, DEV, "in_progress")]

    assert "github.create-deployment" not in writes_of_recovery(made)
    assert made.github.board() == [(1, DEV, "success")]


def test_a_runner_killed_in_a_race_for_the_tag_leaves_it_to_the_other(made: Trial) -> None:
    crash(made, "git.push-tag", Mode.KILL_BEFORE)
    assert made.read_records() == ()
    config = (made.place.folder / "work" / "mlops.yaml").read_text()
    add_clone(made.place, "other", config)
    made.promote_freely(["other"])
    records = made.read_records()
    assert [one.seq for one in records] == [1]

    assert writes_of_recovery(made) == []
    assert made.read_records() == records


@contextmanager
def down_from(made: Trial, name: str) -> Iterator[None]:
    """MLflow answers nothing any more from the first call of this kind on."""
    gone = [False]

    def watch(call: HttpCall, when: str) -> Fault | None:
        made.traps.watch(call, when)
        gone[0] = gone[0] or name in {one.name for one in FAILPOINTS if hasattr(one, "fits") and one.fits(call)}
        return Fault(method="", path="", reset=True) if gone[0] else None

    made.proxies[0].watcher = watch
    yield
    made.proxies[0].watcher = made.traps.watch
    assert gone[0]


@pytest.mark.parametrize("name", ["mlflow.create-version", "mlflow.take-alias-note", "mlflow.set-alias"])
def test_a_registry_that_goes_down_midway_is_told_and_gone_on_with_when_it_is_back(made: Trial, name: str) -> None:
    with down_from(made, name):
        assert worst_code(one.code for one in run(made.place)) is ExitCode.OUTSIDE
        assert worst_code(one.code for one in run(made.place)) is ExitCode.OUTSIDE
    logged = made.read_records()

    made.settle()
    assert made.read_records()[: len(logged)] == logged


def test_a_registry_restored_from_an_old_backup_is_rebuilt_from_log_and_bytes(
    made: Trial, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    made.promote_freely()
    copy_database(mlflow_server.folder / "server.db", tmp_path / "backup.db")
    made.push("b")
    made.promote_freely()
    records = made.read_records()

    copy_database(tmp_path / "backup.db", mlflow_server.folder / "server.db")
    assert numbers(made) == []

    made.settle()
    assert made.read_records() == records
    assert numbers(made) == ["2"]


def copy_database(source: Path, target: Path) -> None:
    """Everything of one SQLite database into the other, while a server has it open."""
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
