"""What every Tracking must do: the one in memory, MLflow on SQLite by its client, and its server by REST."""

import math
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.tracking import open_tracking
from mlops_kit.adapters.mlflow.tracking_client import ClientTracking
from mlops_kit.adapters.mlflow.tracking_rest import RestTracking
from mlops_kit.commands.track import track
from mlops_kit.core.errors import OutsideError
from mlops_kit.core.ports import Tracking
from mlops_kit.core.tracking import KEY_TAG, RunData, RunRecord, RunStatus
from mlops_kit.testing.tracking import MemoryTracking

MOMENT = 1_700_000_000_000


@pytest.fixture(scope="module", params=["memory", "sqlite", "server"])
def tracking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    match request.param:
        case "memory":
            return MemoryTracking()
        case "sqlite":
            folder = tmp_path_factory.mktemp("sqlite")
            made = open_tracking(f"sqlite:///{folder}/mlflow.db", folder, {})
            assert isinstance(made, ClientTracking)
            return made
        case _:
            made = open_tracking(request.getfixturevalue("mlflow_address"), Path("/nonexistent"), {})
            assert isinstance(made, RestTracking)
            return made


@pytest.fixture
def record() -> RunRecord:
    key = uuid4().hex
    return RunRecord(
        experiment=f"team/churn ü '{key[:4]}",
        key=key,
        name="main@cccccccc",
        status=RunStatus.FINISHED,
        began=MOMENT,
        ended=MOMENT + 5_000,
        results=RunData(params={"lr": "0.1"}, metrics={"acc": 0.5}, tags={KEY_TAG: key}),
        circumstances=RunData(),
    )


def test_an_experiment_that_nobody_made_has_no_runs(tracking: Tracking, record: RunRecord) -> None:
    assert tracking.find_runs(record.experiment, record.key) == ()


def test_a_created_run_is_found_by_its_key_and_is_empty(tracking: Tracking, record: RunRecord) -> None:
    tracking.create_run(record)
    (run,) = tracking.find_runs(record.experiment, record.key)
    assert (run.status, run.began) == (RunStatus.RUNNING, record.began)
    assert (dict(run.data.params), dict(run.data.metrics), run.data.tags[KEY_TAG]) == ({}, {}, record.key)
    assert tracking.find_runs(record.experiment, "other") == ()


def test_creating_twice_makes_two_runs(tracking: Tracking, record: RunRecord) -> None:
    for began in (MOMENT + 1, MOMENT):
        tracking.create_run(replace(record, began=began))
    assert sorted(run.began for run in tracking.find_runs(record.experiment, record.key)) == [MOMENT, MOMENT + 1]


def test_what_is_logged_reads_back_and_logging_again_changes_nothing(tracking: Tracking, record: RunRecord) -> None:
    tracking.create_run(record)
    (run,) = tracking.find_runs(record.experiment, record.key)
    data = RunData(params={"a": "1", "b": ""}, metrics={"x": 0.1, "y": -3.0, "z": 1e300}, tags={"t": "ü\n`|"})
    for _ in range(2):
        tracking.log(run.run_id, data, moment=MOMENT)
    tracking.log(run.run_id, RunData(tags={"t": "new"}), moment=MOMENT)
    (found,) = tracking.find_runs(record.experiment, record.key)
    assert (found.data.params, found.data.metrics) == (data.params, data.metrics)
    assert found.data.tags["t"] == "new"


def test_a_param_never_changes(tracking: Tracking, record: RunRecord) -> None:
    tracking.create_run(record)
    (run,) = tracking.find_runs(record.experiment, record.key)
    tracking.log(run.run_id, RunData(params={"a": "1"}), moment=MOMENT)
    with pytest.raises(OutsideError):
        tracking.log(run.run_id, RunData(params={"a": "2"}), moment=MOMENT)


def test_a_run_ends(tracking: Tracking, record: RunRecord) -> None:
    tracking.create_run(record)
    (run,) = tracking.find_runs(record.experiment, record.key)
    for status in (RunStatus.FAILED, RunStatus.FINISHED, RunStatus.FINISHED):
        tracking.end_run(run.run_id, status, moment=MOMENT)
        (found,) = tracking.find_runs(record.experiment, record.key)
        assert found.status == status


def test_more_than_one_call_takes_is_logged_whole(tracking: Tracking, record: RunRecord) -> None:
    data = RunData(
        params={f"p{number}": "ü" * 6_000 for number in range(101)},
        metrics={f"m{number}": float(number) for number in range(1_700)},
        tags={KEY_TAG: record.key, **{f"t{number}": "x" * 5_000 for number in range(120)}},
    )
    run = track(tracking, replace(record, results=data))
    assert (run.data.params, run.data.metrics) == (data.params, data.metrics)
    assert data.tags.items() <= run.data.tags.items()


def test_telling_twice_is_one_run(tracking: Tracking, record: RunRecord) -> None:
    first = track(tracking, record)
    assert track(tracking, replace(record, began=MOMENT + 9)) == first
    assert len(tracking.find_runs(record.experiment, record.key)) == 1
    assert first.status == RunStatus.FINISHED
    assert math.isclose(first.data.metrics["acc"], 0.5)


def test_all_pages_of_runs_are_read(mlflow_address: str, record: RunRecord) -> None:
    tracking = open_tracking(mlflow_address, Path("/nonexistent"), {})
    for number in range(103):
        tracking.create_run(replace(record, began=number + 1))
    assert len(tracking.find_runs(record.experiment, record.key)) == 103


def test_a_deleted_experiment_says_so_and_a_deleted_run_is_not_found(mlflow_address: str, record: RunRecord) -> None:
    from mlflow import MlflowClient

    tracking, client = open_tracking(mlflow_address, Path("/nonexistent"), {}), MlflowClient(mlflow_address)
    run = track(tracking, record)
    client.delete_run(run.run_id)
    assert tracking.find_runs(record.experiment, record.key) == ()
    client.delete_experiment(run.experiment_id)
    with pytest.raises(OutsideError, match="is deleted in MLflow"):
        open_tracking(mlflow_address, Path("/nonexistent"), {}).find_runs(record.experiment, record.key)
