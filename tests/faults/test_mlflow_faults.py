"""Promotion against a real MLflow without a server (SQLite) and a real git remote: killed at random, and raced."""

import shutil
from pathlib import Path

import pytest

from mlops_kit.adapters.mlflow.session import MlflowSession
from mlops_kit.commands.reconcile import reconcile
from mlops_kit.commands.status import read_status
from mlops_kit.core.types import Sync
from tests.faults.children import Note, Tally, count_trials, kill_after, next_moment, random_source, run_child, wait_for
from tests.faults.stage import (
    BRANCHES,
    assert_done,
    clone_remote,
    make_remote,
    mlflow_world,
    push,
    reconcile_mlflow,
)
from tests.unit.promotion.scene import CHURN, THREE, digest_of

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables, made once: that alone takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    assert MlflowSession("", folder).client.search_registered_models() == []
    return folder / "mlflow.db"


def lay_out(folder: Path, empty_database: Path) -> tuple[Path, str]:
    """A clone with its remote, and the address of an empty MLflow."""
    folder.mkdir()
    shutil.copy(empty_database, folder / "mlflow.db")
    clone = make_remote(folder)
    push(clone, BRANCHES, "a", config=THREE)
    return clone, f"sqlite:///{folder / 'mlflow.db'}"


def assert_settles(clone: Path, database: str) -> None:
    """Two runs reach the end, a third changes nothing: one version, every alias on it, one record each."""
    world = mlflow_world(clone, database)
    for _ in range(2):
        assert_done(reconcile(world))
    records = world.log.read_records()
    third = reconcile(world)
    assert [outcome.done for outcome in third] == [()] * 3
    assert world.log.read_records() == records
    assert [(record.environment, record.seq) for record in records] == [(name, 1) for name in sorted(BRANCHES)]
    for environment in read_status(world).environments.values():
        state = environment.models[CHURN]
        assert (state.sync, state.registry) == (Sync.SYNCED, str(digest_of("a")))


def test_killed_promotions_against_mlflow_converge(tmp_path: Path, empty_database: Path, record_property: Note) -> None:
    source, tally = random_source("mlflow"), Tally()
    for trial in range(count_trials(50)):
        clone, database = lay_out(tmp_path / str(trial), empty_database)
        for _ in range(2):
            kill_after(run_child(reconcile_mlflow, clone, database), next_moment(source, tally, longest=1.5), tally)
        assert_settles(clone, database)
    record_property("trials", f"kill -9 of promotions, real git and MLflow: {tally}")
    assert tally.killed > 0


def test_racing_promoters_agree_on_one_version_in_mlflow(
    tmp_path: Path, empty_database: Path, record_property: Note
) -> None:
    trials = count_trials(50)
    for trial in range(trials):
        folder = tmp_path / str(trial)
        clone, database = lay_out(folder, empty_database)
        clones = [clone, clone_remote(folder, "second")]
        children = [run_child(reconcile_mlflow, each, database) for each in clones]
        for child in children:
            wait_for(child)
        assert_settles(clone, database)
    record_property("trials", f"races on one remote and one MLflow: {trials}, 2 promoters each")
